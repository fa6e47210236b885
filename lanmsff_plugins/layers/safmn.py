"""SAFMN's layers: spatially-adaptive feature modulation (SAFM), the convolutional channel mixer, and their block.

    SAFM(72)(torch.rand(1, 72, 32, 32))

Paper: `Spatially-Adaptive Feature Modulation for Efficient Image Super-Resolution` -
https://arxiv.org/abs/2302.13800. Equal to the authors' code in outputs and gradients; state-dict names are theirs.

To lift these layers out, take ``checks.py`` along.
"""
import torch
import torch.nn.functional as F
from timm.layers import LayerNorm2d
from torch import Tensor, nn

from .checks import at_least, check_nchw, exporting, resize_nearest

__all__ = ["CCM", "SAFM", "AttBlock"]

torch.fx.wrap("check_nchw")
torch.fx.wrap("_pool")
torch.fx.wrap("_resize")


class SAFM(nn.Module):
    """Spatially-adaptive feature modulation: ``x * gelu(aggr(scales(x)))``.

    The channels are split into groups. The first keeps its size, each further one is max-pooled by another factor
    of two; all pass a depthwise convolution of their own, are brought back to the map's size, and are mixed.

    There is no sigmoid, so the gate is unbounded above and slightly negative below, and there is no residual: at
    initialisation the output has a fifth to a third of the input's standard deviation. The authors' entry for NTIRE
    2023 has a class of the same name that pools by 4, 8 and 16 and has no biases; it is another layer.

    Args:
        channels: Number of input channels C; the output has as many.
        n_levels: Number of groups and of scales, a divisor of C. 4 is the paper's.
        device: Device of the parameters.
        dtype: Type of the parameters.

    Shape:
        (N, C, H, W) to the same, for any H and W of 1 or more. The authors' code needs sides of
        ``2 ** (n_levels - 1)`` or more; below that, a level here pools to one row or column.

    Raises:
        ValueError: at construction if ``n_levels`` does not divide C; at the call if the input is not a
            floating-point (N, C, H, W).
    """

    def __init__(self, channels: int, n_levels: int = 4, device=None, dtype=None):
        dd = {"device": device, "dtype": dtype}
        super().__init__()
        if channels < 1 or n_levels < 1 or channels % n_levels:
            raise ValueError(f"SAFM needs channels divisible by n_levels={n_levels}, got channels={channels}")
        self.channels = channels
        self.n_levels = n_levels
        width = channels // n_levels
        self.mfr = nn.ModuleList(
            nn.Conv2d(width, width, 3, padding=1, groups=width, **dd) for _ in range(n_levels))
        self.aggr = nn.Conv2d(channels, channels, 1, **dd)

    def forward(self, x: Tensor) -> Tensor:
        check_nchw(x, self.channels, "SAFM")
        groups = x.chunk(self.n_levels, dim=1)
        scales = []
        for i, conv in enumerate(self.mfr):
            if i == 0:
                scales.append(conv(groups[i]))
            else:
                coarse = conv(_pool(groups[i], 1 << i))  # (N, C / n_levels, H // 2 ** i, W // 2 ** i)
                scales.append(_resize(coarse, x, 1 << i))
        return F.gelu(self.aggr(torch.cat(scales, dim=1))) * x


def _pool(x: Tensor, factor: int) -> Tensor:
    """Adaptive max pooling to sides of ``max(1, side // factor)``.

    ONNX has no adaptive pooling, and torch's exporter writes a plain one, which is another where ``factor`` does not
    divide a side. So an exported program takes the maxima of gathered windows, and has one more row and column, of
    zeros as the convolution's padding.
    """
    rows, columns = at_least(x.shape[2] // factor, 1), at_least(x.shape[3] // factor, 1)
    if exporting():
        x = x.index_select(2, _windows(x.shape[2], rows, factor, x)).unflatten(2, (rows + 1, 2 * factor)).amax(3)
        x = x.index_select(3, _windows(x.shape[3], columns, factor, x)).unflatten(3, (columns + 1, 2 * factor)).amax(4)
        inside = (torch.arange(rows + 1, device=x.device) < rows)[:, None] & (
            torch.arange(columns + 1, device=x.device) < columns)
        return x * inside.to(x.dtype)
    return F.adaptive_max_pool2d(x, [rows, columns])


def _windows(side: int, pooled: int, factor: int, x: Tensor) -> Tensor:
    """The indices of the windows of :func:`_pool` along one side, and of one window more: (pooled + 1) * 2 * factor.

    No window is longer than ``2 * factor``; the shorter ones repeat their last index.
    """
    start = torch.arange(pooled + 1, device=x.device) * side
    end = (start + (side + pooled - 1)) // pooled
    window = (start // pooled)[:, None] + torch.arange(2 * factor, device=x.device)
    return torch.minimum(window, end[:, None] - 1).clamp(max=side - 1).flatten()


def _resize(x: Tensor, like: Tensor, factor: int) -> Tensor:
    rows, columns = at_least(like.shape[2] // factor, 1), at_least(like.shape[3] // factor, 1)
    return resize_nearest(x, rows, columns, like)


class CCM(nn.Module):
    """Convolutional channel mixer: a full 3x3 convolution that widens, GELU, a 1x1 that narrows.

    A feed-forward block with the shape of an attention layer; no norm, no residual.

    Args:
        channels: Number of input channels C; the output has as many.
        growth_rate: Width between the convolutions as a multiple of C, rounded down. 2 is the paper's.
        device: Device of the parameters.
        dtype: Type of the parameters.

    Shape:
        (N, C, H, W) to the same.

    Raises:
        ValueError: at construction if a width would be 0; at the call if the input is not a floating-point
            (N, C, H, W).
    """

    def __init__(self, channels: int, growth_rate: float = 2., device=None, dtype=None):
        dd = {"device": device, "dtype": dtype}
        super().__init__()
        hidden = int(channels * growth_rate)
        if channels < 1 or hidden < 1:
            raise ValueError(f"CCM needs channels and channels * growth_rate of 1 or more, got channels={channels}, "
                             f"growth_rate={growth_rate}")
        self.channels = channels
        self.ccm = nn.Sequential(
            nn.Conv2d(channels, hidden, 3, padding=1, **dd), nn.GELU(), nn.Conv2d(hidden, channels, 1, **dd))

    def forward(self, x: Tensor) -> Tensor:
        check_nchw(x, self.channels, "CCM")
        return self.ccm(x)


class AttBlock(nn.Module):
    """SAFMN's block, the paper's feature mixing module: :class:`SAFM` and :class:`CCM`, each normalised, with residual.

    The norm is over the channels of each pixel, with an eps of 1e-6.

    Args:
        channels: Number of input channels C, divisible by 4; the output has as many.
        ffn_scale: ``growth_rate`` of the channel mixer. 2 is the paper's.
        device: Device of the parameters.
        dtype: Type of the parameters.

    Shape:
        (N, C, H, W) to the same, for any H and W of 1 or more.

    Raises:
        ValueError: at construction if 4 does not divide C; at the call if the input is not a floating-point
            (N, C, H, W).
    """

    def __init__(self, channels: int, ffn_scale: float = 2., device=None, dtype=None):
        dd = {"device": device, "dtype": dtype}
        super().__init__()
        if channels < 1 or channels % 4:
            raise ValueError(f"AttBlock needs channels divisible by 4, got channels={channels}")
        self.channels = channels
        self.norm1 = LayerNorm2d(channels).to(device, dtype)
        self.safm = SAFM(channels, **dd)
        self.norm2 = LayerNorm2d(channels).to(device, dtype)
        self.ccm = CCM(channels, ffn_scale, **dd)

    def forward(self, x: Tensor) -> Tensor:
        check_nchw(x, self.channels, "AttBlock")
        x = x + self.safm(self.norm1(x))
        return x + self.ccm(self.norm2(x))
