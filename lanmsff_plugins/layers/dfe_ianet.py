"""MSFD: convolutions on the wavelet bands of a map, after DFE-IANet.

    MSFD(72)(torch.rand(1, 72, 32, 32))

Paper: `DFE-IANet` - https://arxiv.org/abs/2407.20843. Its authors have published no code, so this is equal to a
reference formula only: the wavelet transform and the shapes of the kernels are the paper's, the 3x3 kernel of the
diagonal band and the place of the GELU are those of the same authors' later CDFINet.

To lift this layer out, take ``checks.py`` along.
"""
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .checks import check_nchw, exporting

__all__ = ["MSFD"]

torch.fx.wrap("check_nchw")
torch.fx.wrap("_crop")
torch.fx.wrap("_pad_to_even")


class MSFD(nn.Module):
    """A depthwise convolution in each band of the Haar wavelet transform, GELU, and the transform back.

    The approximation and the diagonal details take 3x3 kernels, the differences of rows a long kernel along the
    rows, those of columns one along the columns. No residual, and no exchange between channels.

    Args:
        channels: Number of input channels C; the output has as many.
        kernel_size: Length of the long kernels, odd. 9 is the paper's.
        device: Device of the parameters.
        dtype: Type of the parameters.

    Shape:
        (N, C, H, W) to the same, for any H and W of 1 or more. The last row or column of an odd side is repeated
        for the transform.

    Raises:
        ValueError: at construction if there is no channel or ``kernel_size`` is even; at the call if the input is
            not a floating-point (N, C, H, W).
    """

    def __init__(self, channels: int, kernel_size: int = 9, device=None, dtype=None):
        super().__init__()
        if channels < 1 or kernel_size < 1 or kernel_size % 2 == 0:
            raise ValueError(f"MSFD needs at least one channel and an odd kernel_size, got channels={channels}, "
                             f"kernel_size={kernel_size}")
        self.channels = channels
        long, half = kernel_size, kernel_size // 2
        args = {"groups": channels, "device": device, "dtype": dtype}
        self.dw_ll = nn.Conv2d(channels, channels, 3, padding=1, **args)
        self.dw_lh = nn.Conv2d(channels, channels, (1, long), padding=(0, half), **args)
        self.dw_hl = nn.Conv2d(channels, channels, (long, 1), padding=(half, 0), **args)
        self.dw_hh = nn.Conv2d(channels, channels, 3, padding=1, **args)

    def forward(self, x: Tensor) -> Tensor:
        check_nchw(x, self.channels, "MSFD")
        ll, lh, hl, hh = haar(_pad_to_even(x))
        y = twice_inverse_haar(
            F.gelu(self.dw_ll(ll)), F.gelu(self.dw_lh(lh)), F.gelu(self.dw_hl(hl)), F.gelu(self.dw_hh(hh)))
        return _crop(y, x) / 2


def haar(x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The orthonormal Haar transform: (N, C, H, W), H and W even, to four bands (N, C, H / 2, W / 2).

    Returns:
        The approximation, the differences of rows, the differences of columns, and the diagonal details. Libraries
        disagree on which of the second and third is LH; here the second is, PyWavelets' cH.
    """
    top, bottom = x[:, :, 0::2], x[:, :, 1::2]
    low, high = (top + bottom) / 2, (top - bottom) / 2
    return (low[..., 0::2] + low[..., 1::2], high[..., 0::2] + high[..., 1::2],
            low[..., 0::2] - low[..., 1::2], high[..., 0::2] - high[..., 1::2])


def twice_inverse_haar(ll: Tensor, lh: Tensor, hl: Tensor, hh: Tensor) -> Tensor:
    """Twice the way back from the four bands of :func:`haar`."""
    left_low, right_low = ll + hl, ll - hl
    left_high, right_high = lh + hh, lh - hh
    corners = [left_low + left_high, right_low + right_high, left_low - left_high, right_low - right_high]
    return F.pixel_shuffle(torch.stack(corners, dim=2).flatten(1, 2), 2)


def _pad_to_even(x: Tensor) -> Tensor:
    """Repeat the last row and the last column where their number is odd."""
    height, width = x.shape[2], x.shape[3]
    if exporting():  # by indices, so that the program does not depend on which sides were even in the example
        x = x.index_select(2, torch.arange((height + 1) // 2 * 2, device=x.device).clamp(max=height - 1))
        return x.index_select(3, torch.arange((width + 1) // 2 * 2, device=x.device).clamp(max=width - 1))
    if height % 2 or width % 2:
        return F.pad(x, [0, width % 2, 0, height % 2], mode="replicate")
    return x


def _crop(x: Tensor, like: Tensor) -> Tensor:
    """The first rows and columns of ``x``, as many as ``like`` has, and in its memory format."""
    if exporting():
        x = x.index_select(2, torch.arange(like.shape[2], device=x.device))
        return x.index_select(3, torch.arange(like.shape[3], device=x.device))
    x = x[:, :, :like.shape[2], :like.shape[3]]
    if like.is_contiguous(memory_format=torch.channels_last) and not like.is_contiguous():
        return x.contiguous(memory_format=torch.channels_last)
    return x
