"""Checks at a layer's door that neither torch.fx nor torch.jit nor torch.export stumbles over.

A plain ``if`` on a shape breaks symbolic tracing, so a layer calls this function and names it to
``torch.fx.wrap`` in its own file: the traced graph then keeps the call, and the check with it.
"""
import torch
from torch import Tensor

__all__ = ["check_grids", "check_nchw", "check_scales"]


def check_nchw(x: Tensor, channels: int, layer: str,
               hint: str = "build it with the channels of the features that enter it") -> None:
    """Raise ValueError unless ``x`` is a float tensor of shape (N, ``channels``, H, W).

    Args:
        x: What the layer was called with.
        channels: The number of channels that the layer was built for.
        layer: The layer's name, for the message.
        hint: What to do about another number of channels, for the message.
    """
    if torch.jit.is_tracing():  # sizes are tensors there, and a comparison would only warn
        return
    if x.dim() != 4:
        raise ValueError(f"{layer} expects a 4-D input (N, C, H, W), got shape {list(x.shape)}")
    if x.shape[1] != channels:
        raise ValueError(f"{layer} was built for {channels} channels, got {x.shape[1]}; {hint}")
    if not x.is_floating_point():
        raise ValueError(f"{layer} expects floating-point features, got {x.dtype}; convert them with x.float()")


def check_scales(features: list[Tensor], channels: list[int], layer: str) -> None:
    """Raise ValueError unless there is a float tensor of shape (N, C, H_i, W_i) for each C of ``channels``.

    Args:
        features: What the layer was called with.
        channels: The numbers of channels that the layer was built for.
        layer: The layer's name, for the message.
    """
    if len(features) != len(channels):
        raise ValueError(
            f"{layer} was built for {len(channels)} scales, got {len(features)}; "
            "build it with the channels of the features that enter it")
    for x, expected in zip(features, channels):
        check_nchw(x, expected, layer)


def check_grids(scales: list[Tensor], layer: str) -> None:
    """Raise ValueError unless all ``scales`` have the height and width of the last.

    Args:
        scales: The scales that the layer has pooled to one grid, and the last, whose grid that is.
        layer: The layer's name, for the message.
    """
    if torch.jit.is_tracing():
        return
    for x in scales:
        if x.shape[2:] != scales[-1].shape[2:]:
            raise ValueError(
                f"{layer} pooled a scale to {list(x.shape[2:])}, the last is {list(scales[-1].shape[2:])}; "
                "build it with the reductions of the features that enter it")
