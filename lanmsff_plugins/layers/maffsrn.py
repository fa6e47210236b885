"""MAFFSRN's cost-efficient attention (CEA) and its multi-attention block (MAB).

    CEA(72)(torch.rand(1, 72, 32, 32))

Paper: `Ultra Lightweight Image Super-Resolution with Multi-Attention Layers` - https://arxiv.org/abs/2008.12912.
Equal to the authors' code in outputs and gradients, written from a description in words.

To lift these layers out, take ``checks.py`` along.
"""
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .checks import at_least, check_nchw, convolve, exporting, resize_nearest

__all__ = ["CEA", "MAB"]

torch.fx.wrap("check_nchw")
torch.fx.wrap("_pool")
torch.fx.wrap("_resize")


class CEA(nn.Module):
    """Cost-efficient attention: ``x * spatial(x) * pointwise(x)``, two gates of (N, C, H, W).

    The spatial gate looks at a map of C / 4 channels, pooled to a sixth of its sides, by a plain and a dilated
    convolution side by side. A ReLU in front of its sigmoid, which the authors' code has by default, keeps it
    between 0.5 and 1. The other gate is a 1x1 and a depthwise 5x5 convolution at full size.

    Args:
        channels: Number of input channels C; the output has as many.
        reduction_factor: What C is divided by for the spatial gate, rounded down. 4 is the paper's.
        device: Device of the parameters.
        dtype: Type of the parameters.

    Shape:
        (N, C, H, W) to the same, for any H and W of 1 or more. The authors' code needs sides of 13 or more; below
        that, the pooling here is global.

    Raises:
        ValueError: at construction if C is less than ``reduction_factor``; at the call if the input is not a
            floating-point (N, C, H, W).
    """

    def __init__(self, channels: int, reduction_factor: int = 4, device=None, dtype=None):
        dd = {"device": device, "dtype": dtype}
        super().__init__()
        if reduction_factor < 1 or channels < reduction_factor:
            raise ValueError(f"CEA needs at least reduction_factor={reduction_factor} channels, got "
                             f"channels={channels}")
        self.channels = channels
        reduced = channels // reduction_factor
        self.reduce = nn.Conv2d(channels, reduced, 1, **dd)
        self.down = nn.Conv2d(reduced, reduced, 3, stride=2, padding=1, **dd)
        self.conv = nn.Conv2d(reduced, reduced, 3, padding=1, **dd)
        self.dilated_conv = nn.Conv2d(reduced, reduced, 3, padding=2, dilation=2, **dd)
        self.expand = nn.Conv2d(reduced, channels, 1, **dd)
        self.conv_pw = nn.Conv2d(channels, channels, 1, **dd)
        self.conv_dw = nn.Conv2d(channels, channels, 5, padding=2, groups=channels, **dd)

    def forward(self, x: Tensor) -> Tensor:
        check_nchw(x, self.channels, "CEA")
        reduced = self.reduce(x)  # (N, C / 4, H, W)
        half = self.down(reduced)  # (N, C / 4, ceil(H / 2), ceil(W / 2))
        pooled = _pool(half)
        if torch.jit.is_scripting():
            dilated = self.dilated_conv(pooled)
        else:
            dilated = convolve(self.dilated_conv, pooled, self.dilated_conv)
        context = F.leaky_relu(dilated, 0.05) + F.leaky_relu(self.conv(pooled), 0.05)
        spatial = self.expand(_resize(context, half, reduced) + reduced)
        return x * spatial.relu().sigmoid() * self.conv_dw(self.conv_pw(x)).sigmoid()


def _pool(x: Tensor) -> Tensor:
    """Max pooling 7x7 of stride 3 without padding; along a side of less than 7, the maximum of the whole side.

    An exported program, where a side may not be asked whether it is less than 7, pools more windows, and puts zeros in
    place of those that reach beyond the map, as the padding of the next convolutions is.
    """
    if exporting():
        rows, columns = _pooled(x.shape[2]), _pooled(x.shape[3])
        # Padded so that no window is cut short: PyTorch 2.11 keeps whether one is, as a condition of the program.
        x = F.pad(x, [0, 9 + (1 - x.shape[3]) % 3, 0, 9 + (1 - x.shape[2]) % 3], value=-float("inf"))
        x = F.max_pool2d(x, 7, stride=3)
        inside = (torch.arange(x.shape[2], device=x.device) < rows)[:, None] & (
            torch.arange(x.shape[3], device=x.device) < columns)
        return torch.where(inside, x, torch.zeros_like(x))
    return F.max_pool2d(x, [int(min(x.shape[2], 7)), int(min(x.shape[3], 7))], stride=3)


def _pooled(side: int) -> int:
    """How many windows of 7 with a stride of 3 a side has, at least one."""
    return at_least((side - 7) // 3 + 1, 1)


def _resize(x: Tensor, half: Tensor, like: Tensor) -> Tensor:
    return resize_nearest(x, _pooled(half.shape[2]), _pooled(half.shape[3]), like)


class MAB(nn.Module):
    """Multi-attention block: two 3x3 convolutions with a leaky ReLU between them, then :class:`CEA`; no residual.

    Args:
        channels: Number of input channels C; the output has as many.
        reduction_factor: That of :class:`CEA`. 4 is the paper's.
        device: Device of the parameters.
        dtype: Type of the parameters.

    Shape:
        (N, C, H, W) to the same, for any H and W of 1 or more.

    Raises:
        ValueError: at construction if C is less than ``reduction_factor``; at the call if the input is not a
            floating-point (N, C, H, W).
    """

    def __init__(self, channels: int, reduction_factor: int = 4, device=None, dtype=None):
        dd = {"device": device, "dtype": dtype}
        super().__init__()
        if reduction_factor < 1 or channels < reduction_factor:
            raise ValueError(f"MAB needs at least reduction_factor={reduction_factor} channels, got "
                             f"channels={channels}")
        self.channels = channels
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, **dd)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, **dd)
        self.cea = CEA(channels, reduction_factor, **dd)

    def forward(self, x: Tensor) -> Tensor:
        check_nchw(x, self.channels, "MAB")
        return self.cea(self.conv2(F.leaky_relu(self.conv1(x), 0.05)))
