"""The dual-path block: every stage looks at two scales at once, by a plain and a dilated convolution.

Paper: `A Lightweight Attention-based Deep Network via Multi-Scale Feature Fusion for Multi-View Facial
Expression Recognition` - https://arxiv.org/abs/2403.14318

To lift this layer out, take ``conv.py`` and ``checks.py`` along.
"""
from collections.abc import Callable

import torch
from timm.layers import LayerType
from torch import Tensor, nn

from .conv import BatchNorm2d, ConvNormAct

__all__ = ["DualPath"]


class DualPath(nn.Module):
    """Three stages of two 3x3 convolutions each, of dilation 1 and 2, concatenated after each stage.

    The channels are shuffled and split in two halves first: stage 1 gives one half to each path.
    Stages 2 (separable) and 3 (plain) give both paths all that the stage before has made.

    Args:
        in_channels: Number of input channels, even.
        out_channels: Number of output channels, even; each path gives half of them.
        norm_layer: Norm after each convolution: a name of timm's, or a class, called with the number of channels.
        act_layer: Activation after each norm.
        conv_layer: Makes the plain convolutions, those of stages 1 and 3, with the arguments of ``torch.nn.Conv2d``,
            which they are by default.
        device: Device of the parameters.
        dtype: Type of the parameters.

    Shape:
        (N, in_channels, H, W) to (N, out_channels, H, W).

    Raises:
        ValueError: if ``in_channels`` or ``out_channels`` is odd.
    """

    def __init__(self, in_channels: int, out_channels: int, norm_layer: LayerType = BatchNorm2d,
                 act_layer: LayerType = nn.ReLU, conv_layer: Callable[..., nn.Module] | None = None,
                 device=None, dtype=None):
        super().__init__()
        if in_channels < 2 or out_channels < 2 or in_channels % 2 or out_channels % 2:
            raise ValueError(
                f"DualPath splits its channels in two, got in_channels={in_channels}, out_channels={out_channels}; "
                "make both even")
        args = {"norm_layer": norm_layer, "act_layer": act_layer, "conv_layer": conv_layer, "device": device,
                "dtype": dtype}
        half = out_channels // 2
        self.stage1 = nn.ModuleList(ConvNormAct(in_channels // 2, half, dilation=d, **args) for d in (1, 2))
        self.stage2 = nn.ModuleList(
            ConvNormAct(out_channels, half, dilation=d, separable=True, **args) for d in (1, 2))
        self.stage3 = nn.ModuleList(ConvNormAct(out_channels, half, dilation=d, **args) for d in (1, 2))

    def forward(self, x: Tensor) -> Tensor:
        a, b = _channel_shuffle(x).chunk(2, dim=1)  # each (N, in_channels / 2, H, W)
        x = torch.cat([self.stage1[0](a), self.stage1[1](b)], dim=1)  # (N, out_channels, H, W)
        x = torch.cat([self.stage2[0](x), self.stage2[1](x)], dim=1)
        return torch.cat([self.stage3[0](x), self.stage3[1](x)], dim=1)


def _channel_shuffle(x: Tensor) -> Tensor:
    """ShuffleNet's shuffle with two groups: channels 0, C/2, 1, C/2 + 1 and so on."""
    return x.unflatten(1, (2, -1)).transpose(1, 2).flatten(1, 2)
