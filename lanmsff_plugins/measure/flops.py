"""Parameters, multiply-accumulates and floating-point operations, counted by fvcore."""
import logging
from collections import Counter
from dataclasses import dataclass, field

import torch
from fvcore.nn import FlopCountAnalysis
from torch import nn

from ..base.errors import one_line
from ..base.modes import evaluating
from .operators import HANDLERS, MULTIPLY, is_free

__all__ = ["Cost", "ModuleCost", "count"]

logging.getLogger("fvcore.nn.jit_analysis").setLevel(logging.ERROR)  # what is uncounted stands in the result


@dataclass(frozen=True)
class ModuleCost:
    """What one module costs, with all that is in it.

    Attributes:
        name: Its name in the model, '' for the model itself.
        type: The name of its class.
        parameters: Number of trainable values.
        macs: Multiply-accumulates of one forward pass in convolutions, linear layers and matrix products.
        flops: Floating-point operations: two for each multiply-accumulate, and those of all other operators.
    """

    name: str
    type: str
    parameters: int
    macs: int
    flops: int


@dataclass(frozen=True)
class Cost(ModuleCost):
    """What a model costs.

    Attributes:
        input_shape: (N, C, H, W) that it was counted with.
        macs_by_operator: The multiply-accumulates of each operator that does such. fvcore calls them FLOPs.
        flops_by_operator: The floating-point operations of each other operator.
        uncounted: Operators that nobody here knows, and how often each was called.
        modules: All modules within, in the order of the model, the model itself first.
    """

    input_shape: tuple[int, ...]
    macs_by_operator: dict[str, int]
    flops_by_operator: dict[str, int]
    uncounted: dict[str, int]
    modules: list[ModuleCost] = field(repr=False)


def count(model: nn.Module, input_shape: tuple[int, int, int], batch: int = 1) -> Cost:
    """Count a model's parameters and its work.

    Args:
        model: Any CNN; it is run once, in evaluation mode.
        input_shape: (C, H, W) of one image.
        batch: Number of images.

    Raises:
        ValueError: if the model cannot be traced, or an operator in it cannot be counted.
    """
    reference = next(model.parameters(), torch.empty(0))
    images = torch.zeros(batch, *input_shape, device=reference.device, dtype=reference.dtype)
    analysis = FlopCountAnalysis(model, images).set_op_handle(**HANDLERS)
    try:
        with evaluating(model):
            by_module = analysis.by_module_and_operator()
            uncounted = {name: n for name, n in analysis.unsupported_ops().items() if not is_free(name)}
    except Exception as error:  # the trace runs the model's own code, which may take no traced sizes
        raise ValueError(f"{type(model).__name__} cannot be counted by tracing it: {one_line(error)}") from error
    modules = [_cost(name, module, by_module.get(name, Counter())) for name, module in model.named_modules()]
    macs, flops = _split(by_module[""])
    return Cost(**vars(modules[0]), input_shape=tuple(images.shape), macs_by_operator=macs, flops_by_operator=flops,
                uncounted=uncounted, modules=modules)


def _split(operators: Counter) -> tuple[dict[str, int], dict[str, int]]:
    macs = {name: int(n) for name, n in operators.items() if name in MULTIPLY}
    return macs, {name: int(n) for name, n in operators.items() if name not in MULTIPLY}


def _cost(name: str, module: nn.Module, operators: Counter) -> ModuleCost:
    macs, flops = (sum(part.values()) for part in _split(operators))
    parameters = sum(p.numel() for p in module.parameters() if p.requires_grad)
    return ModuleCost(name, type(module).__name__, parameters, macs, 2 * macs + flops)
