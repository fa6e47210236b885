"""What a CNN costs with each of some layers: parameters, multiply-accumulates, and the time of a step.

    costs = measure_costs("resnet18", ["none", "SAFM"], (3, 128, 128), classes=7)
"""
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from ..hosts.variants import NONE, build_variant
from ..measure.flops import count
from ..measure.speed import Setup, make_call
from ..measure.timing import compare, device_clock

__all__ = ["Cost", "measure_costs"]

PAIRS = 3  # of steps, with and without the layer


@dataclass(frozen=True)
class Cost:
    """What a network costs.

    Attributes:
        parameters: Number of trainable values.
        macs: Multiply-accumulates for one image; None where they cannot be counted.
        step: Time of a step in training, as a multiple of that without a layer, measured in turn with it.
    """

    parameters: int
    macs: int | None
    step: float


def measure_costs(host: str, layers: Sequence[str], shape: tuple[int, int, int], classes: int, after: str = "",
                  batch: int = 32, amp: bool = False) -> dict[str, Cost]:
    """Build a host with each layer, count, and time some steps; nothing is learned.

    Args:
        host, after: As for :func:`~lanmsff_plugins.hosts.variants.build_variant`.
        layers: Names of layers, the first of them ``NONE``, by which the others are measured.
        shape: (C, H, W) of an image.
        classes: Number of classes.
        batch: Number of images in a step.
        amp: Mixed precision.

    Raises:
        ValueError: if a network cannot be built, or does not run.
    """
    assert layers[0] == NONE
    device = "cuda" if torch.cuda.is_available() else "cpu"
    setup = Setup(mode="training", dtype="bfloat16" if amp else "float32", memory_format="contiguous", batch=batch,
                  shape=shape)
    with torch.random.fork_rng():
        models = {layer: build_variant(host, layer, after, shape, num_classes=classes, in_chans=shape[0])
                  for layer in layers}
        calls = {layer: make_call(model, setup, torch.rand(1, 1, *shape[1:]), device)
                 for layer, model in models.items()}
        steps = {layer: compare(calls[layer], calls[NONE], PAIRS, clock=device_clock).median if layer != NONE else 1.
                 for layer in layers}
    return {layer: Cost(sum(p.numel() for p in model.parameters() if p.requires_grad), _macs(model, shape),
                        steps[layer]) for layer, model in models.items()}


def _macs(model: nn.Module, shape: tuple[int, int, int]) -> int | None:
    try:
        return count(model, shape).macs
    except ValueError:  # of a layer that takes no traced sizes
        return None
