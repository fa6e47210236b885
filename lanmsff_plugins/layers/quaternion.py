"""Quaternion convolution: a quarter of the weights of a convolution, at the same multiply-accumulates.

    QuaternionConv2d(72, 72, 3, padding=1)(torch.rand(1, 72, 32, 32))

Paper: `MQCCAF` - https://arxiv.org/abs/2405.16114. Equal to a float64 reference formula, which the authors' Keras
layer equals to 6e-15.

To lift this layer out, take ``checks.py`` along.
"""
import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .checks import check_nchw

__all__ = ["QuaternionConv1d", "QuaternionConv2d"]

torch.fx.wrap("check_nchw")
torch.fx.wrap("_pad_same")

class _QuaternionConv(nn.Module):
    axes: int  # of space

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int | Sequence[int],
                 stride: int | Sequence[int] = 1, padding: str | int | Sequence[int | Sequence[int]] = 0,
                 dilation: int | Sequence[int] = 1, groups: int = 1, bias: bool = True, device=None, dtype=None):
        dd = {"device": device, "dtype": dtype}
        super().__init__()
        name = type(self).__name__
        for what, channels in (("in_channels", in_channels), ("out_channels", out_channels)):
            if groups < 1 or channels < 1 or channels % (4 * groups):
                raise ValueError(f"{name} needs {what} divisible by 4 * groups={4 * groups}, got {what}={channels}; "
                                 "four channels make a quaternion")
        if isinstance(padding, str) and padding != "same":
            raise ValueError(f"{name} needs padding='same' or numbers, got padding={padding!r}")
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = self._per_axis("kernel_size", kernel_size)
        self.stride = self._per_axis("stride", stride)
        self.dilation = self._per_axis("dilation", dilation)
        self.groups = groups
        self.same = padding == "same"
        sides = [[0, 0]] * self.axes if isinstance(padding, str) else [
            [side, side] if isinstance(side, int) else list(side) for side in self._per_axis("padding", padding)]
        self.asymmetric = any(first != last for first, last in sides)
        self.padding = [0 if self.asymmetric else first for first, _ in sides]
        self.padding_of_sides = [width for side in reversed(sides) for width in side]  # in the order of F.pad
        self.transposed, self.output_padding = False, [0] * self.axes  # which MMCV reads of a convolution
        self.weight = nn.Parameter(torch.empty(  # the real parts of all, then i, j and k
            out_channels, in_channels // 4 // groups, *self.kernel_size, **dd))
        self.bias = nn.Parameter(torch.empty(out_channels, **dd)) if bias else None
        self.reset_parameters()

    def _per_axis(self, what: str, given) -> list:
        values = [given] * self.axes if isinstance(given, int) else list(given)
        if len(values) != self.axes:
            raise ValueError(f"{type(self).__name__} needs a {what} for each of {self.axes} axes, got {given}")
        return values

    def reset_parameters(self) -> None:
        """He's variance with independent normal components: every direction of a quaternion is as likely.

        The authors' start has all axes in one octant, and the same moduli and phases in each layer.
        """
        nn.init.normal_(self.weight, std=1 / math.sqrt(2 * self.weight[0].numel()))
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def real_kernel(self) -> Tensor:
        """The real convolution that this one is: (out_channels, in_channels / groups, *kernel_size).

        Its channels are in the order of the groups, which is the layer's own if there is one group.
        """
        # Each (groups, Co / groups, Ci / groups, *kernel).
        r, i, j, k = self.weight.unflatten(0, (4, self.groups, -1)).unbind(0)
        rows = [torch.cat([r, -i, -j, -k], dim=2), torch.cat([i, r, -k, j], dim=2),
                torch.cat([j, k, r, -i], dim=2), torch.cat([k, -j, i, r], dim=2)]  # of the Hamilton product
        return torch.stack(rows, dim=1).flatten(0, 2)

    def _prepare(self, x: Tensor) -> Tensor:
        if self.groups > 1:
            x = _swap(x, 4, self.groups)
        if self.same:
            return _pad_same(x, self.kernel_size, self.stride, self.dilation)
        if self.asymmetric:
            return F.pad(x, self.padding_of_sides)
        return x

    def _finish(self, y: Tensor) -> Tensor:
        if self.groups > 1:
            y = _swap(y, self.groups, 4)
        bias = self.bias
        return y if bias is None else y + bias.reshape([-1] + [1] * len(self.kernel_size))

    def extra_repr(self) -> str:
        return f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"


def _swap(x: Tensor, outer: int, inner: int) -> Tensor:
    """Channels in ``outer`` blocks of ``inner`` to ``inner`` blocks of ``outer``."""
    return x.unflatten(1, (outer, inner, -1)).transpose(1, 2).flatten(1, 3)


def _pad_same(x: Tensor, kernel_size: list[int], stride: list[int], dilation: list[int]) -> Tensor:
    """Zeros so that a side of n gives ceil(n / stride), the odd one at the end, as in Keras."""
    padding: list[int] = []
    for i in range(len(kernel_size) - 1, -1, -1):
        side = x.shape[i + 2]
        total = (-(-side // stride[i]) - 1) * stride[i] + dilation[i] * (kernel_size[i] - 1) + 1 - side
        total = max(total, 0)
        padding += [total // 2, total - total // 2]
    return F.pad(x, padding)


class QuaternionConv2d(_QuaternionConv):
    """A convolution whose weights and channels are quaternions, with the arguments of ``torch.nn.Conv2d``.

    The channels stand in four blocks: all real parts, all i, all j, all k. Each output is the sum of Hamilton
    products with the weight on the left.

    Args:
        in_channels: Number of input channels, divisible by ``4 * groups``.
        out_channels: Number of output channels, divisible by ``4 * groups``.
        kernel_size: Sides of the kernel.
        stride: Strides.
        padding: Zeros on both sides of each axis, or a pair (first, last) for each axis; or 'same' as in Keras,
            which for a stride of 2 or an even kernel has more at the end.
        dilation: Dilations.
        groups: Groups of quaternions, so that the four parts of one stay together.
        bias: Add a real number to each output channel.
        device: Device of the parameters.
        dtype: Type of the parameters.

    Shape:
        (N, in_channels, H, W) to (N, out_channels, H', W'), as ``torch.nn.Conv2d``.

    Raises:
        ValueError: at construction if the channels do not divide, or a pair has not two numbers; at the call if the
            input is not a floating-point (N, in_channels, H, W).
    """

    axes = 2

    def forward(self, x: Tensor) -> Tensor:
        check_nchw(x, self.in_channels, "QuaternionConv2d")
        return self._finish(F.conv2d(
            self._prepare(x), self.real_kernel(), None, self.stride, self.padding, self.dilation, self.groups))


class QuaternionConv1d(_QuaternionConv):
    """:class:`QuaternionConv2d` for sequences: (N, in_channels, L) to (N, out_channels, L')."""

    axes = 1

    def forward(self, x: Tensor) -> Tensor:
        return self._finish(F.conv1d(
            self._prepare(x), self.real_kernel(), None, self.stride, self.padding, self.dilation, self.groups))
