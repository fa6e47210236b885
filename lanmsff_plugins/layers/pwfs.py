"""PWFS: point-wise feature selection, which thins features out before they are fused.

Paper: `A Lightweight Attention-based Deep Network via Multi-Scale Feature Fusion for Multi-View Facial
Expression Recognition` - https://arxiv.org/abs/2403.14318

To lift this layer out, take ``checks.py`` along, and for GPUs ``fused.py`` and ``triton_kernels.py``.
"""
import torch
from torch import Tensor, nn

from .checks import check_nchw, fuses

__all__ = ["PWFS", "pwfs"]

torch.fx.wrap("check_nchw")

GROUPS = 3  # a, b and c in the paper; TorchScript cannot see it from within pwfs()


def pwfs(x: Tensor) -> Tensor:
    """Split the channels into three groups and keep, point by point, the mean of the two largest.

    The reference computes (a + b + c - min(a, b, c)) / 2. This is the same number without the
    cancellation: one large negative value would swallow the other two there, in bfloat16 soon.

    Args:
        x: (N, C, H, W), C divisible by 3.

    Returns:
        (N, C / 3, H, W).
    """
    if not torch.jit.is_scripting():
        if fuses(x) and x.shape[1] % GROUPS == 0:
            return torch.ops.lanmsff_plugins.pwfs(x)
    a, b, c = x.chunk(3, dim=1)
    largest = torch.maximum(a, b)
    second = torch.minimum(a, b)
    if not torch.jit.is_scripting() and torch.jit.is_tracing():  # ncnn's converter knows no clamp by a map
        second = torch.maximum(second, c)
    else:
        second = second.clamp_min_(c)
    return largest.add_(second).mul_(0.5)  # in place: on the CPU the memory costs more than the arithmetic


class PWFS(nn.Module):
    """The module around :func:`pwfs`; it has no parameters.

    Args:
        channels: Number of input channels C, divisible by 3; the output has a third of them.

    Attributes:
        out_channels: Number of output channels, C / 3.

    Shape:
        (N, C, H, W) to (N, C / 3, H, W).

    Raises:
        ValueError: at construction if 3 does not divide C; at the call if the input is not a
            floating-point (N, C, H, W).
    """

    def __init__(self, channels: int, device=None, dtype=None):
        super().__init__()
        if channels < 1 or channels % GROUPS:
            above = max(1, -(-channels // GROUPS)) * GROUPS
            raise ValueError(
                f"PWFS needs channels divisible by groups={GROUPS}, got {channels}; "
                f"put a 1x1 conv to {above} channels before it")
        self.channels = channels
        self.out_channels = channels // GROUPS

    def forward(self, x: Tensor) -> Tensor:
        check_nchw(x, self.channels, "PWFS")
        return pwfs(x)

    def extra_repr(self) -> str:
        return f"{self.channels}"
