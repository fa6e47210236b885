"""Parameters and multiply-accumulates, counted by fvcore."""
import logging
from dataclasses import dataclass

import torch
from fvcore.nn import FlopCountAnalysis
from torch import nn

__all__ = ["Cost", "count"]


@dataclass(frozen=True)
class Cost:
    """What a model costs.

    Attributes:
        parameters: Number of trainable values.
        macs: Multiply-accumulates of one forward pass in convolutions and linear layers. fvcore calls
            them FLOPs; two floating-point operations are one of them.
    """

    parameters: int
    macs: int


def count(model: nn.Module, input_shape: tuple[int, int, int]) -> Cost:
    """Count a model's parameters and multiply-accumulates.

    Args:
        model: Any CNN; it is run once, in evaluation mode.
        input_shape: (C, H, W) of one image.
    """
    reference = next(model.parameters())
    image = torch.zeros(1, *input_shape, device=reference.device, dtype=reference.dtype)
    training = model.training
    analysis = FlopCountAnalysis(model.eval(), image).unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    logging.getLogger("fvcore.nn.jit_analysis").setLevel(logging.ERROR)
    by_operator = analysis.by_operator()
    model.train(training)
    return Cost(sum(p.numel() for p in model.parameters() if p.requires_grad),
                int(sum(by_operator[name] for name in ("conv", "linear", "matmul", "bmm"))))
