"""Multi-scale fusion: select features of every scale, pool them to one grid, concatenate.

Paper: `A Lightweight Attention-based Deep Network via Multi-Scale Feature Fusion for Multi-View Facial
Expression Recognition` - https://arxiv.org/abs/2403.14318

To lift this layer out, take ``pwfs.py`` and its ``checks.py`` along.
"""
from collections.abc import Callable, Sequence
from typing import cast

import torch
from torch import Tensor, nn

from .checks import check_grids, check_scales
from .pwfs import GROUPS, PWFS

__all__ = ["LastScale", "MultiScaleFusion"]

torch.fx.wrap("check_grids")
torch.fx.wrap("check_scales")


class MultiScaleFusion(nn.Module):
    """Fuse the feature maps of a pyramid into one map on the coarsest grid.

    Every scale but the last is thinned out to a third of its channels, average-pooled to the grid of
    the last, and concatenated with it. Averaging the result over its grid gives the fused vector of the
    paper. The pooling kernels are static, the ratios of the strides, so that the module can be scripted
    and exported with a dynamic input size.

    Args:
        in_channels: Number of channels of each scale, the finest first.
        reductions: Stride of each scale to the image; each twice the one before by default.
        select_layer: What thins a scale out, called with its number of channels; it says by its
            ``out_channels`` how many it gives. PWFS is the paper's.
        project: Put a 1x1 convolution before the selection of scales whose channels 3 does not divide,
            up to the next multiple. By default such scales are refused.
        ceil_mode: Round the pooled grid up, for hosts whose stages do (a padded convolution of stride 2);
            LANMSFF's max pools round down. It matters only where a stride does not divide the image.
        device: Device of the parameters.
        dtype: Type of the parameters.

    Attributes:
        out_channels: Number of channels of the fused map.

    Shape:
        A list of (N, in_channels[i], H_i, W_i) to (N, out_channels, H_last, W_last).

    Raises:
        ValueError: if there is no scale; if a stride does not divide the last; if 3 does not divide
            the channels of a scale and ``project`` is off; at the call, if the scales do not fit.
    """

    def __init__(
            self,
            in_channels: Sequence[int],
            reductions: Sequence[int] | None = None,
            select_layer: Callable[..., nn.Module] = PWFS,
            project: bool = False,
            ceil_mode: bool = False,
            device=None,
            dtype=None,
    ):
        dd = {"device": device, "dtype": dtype}
        super().__init__()
        if not in_channels:
            raise ValueError("MultiScaleFusion needs the channels of at least one scale, got in_channels=[]")
        reductions = [2 ** i for i in range(len(in_channels))] if reductions is None else list(reductions)
        if len(reductions) != len(in_channels) or any(r < 1 or reductions[-1] % r for r in reductions):
            raise ValueError(
                f"MultiScaleFusion needs one stride for each of the {len(in_channels)} scales, each a divisor of "
                f"the last, got reductions={reductions}")
        self.in_channels = list(in_channels)
        self.branches = nn.ModuleList()
        self.out_channels = self.in_channels[-1]
        for channels, reduction in zip(self.in_channels[:-1], reductions):
            branch = nn.Sequential()
            if project and channels % GROUPS:
                projected = channels + GROUPS - channels % GROUPS
                branch.append(nn.Conv2d(channels, projected, 1, **dd))
                channels = projected
            select = select_layer(channels, **dd)
            branch.append(select)
            branch.append(nn.AvgPool2d(reductions[-1] // reduction, ceil_mode=ceil_mode))
            self.branches.append(branch)
            self.out_channels += cast(int, select.out_channels)

    def forward(self, features: list[Tensor]) -> Tensor:
        check_scales(features, self.in_channels, "MultiScaleFusion")
        fused = []
        for i, branch in enumerate(self.branches):
            fused.append(branch(features[i]))  # (N, in_channels[i] / 3, H_last, W_last)
        fused.append(features[-1])
        check_grids(fused, "MultiScaleFusion")
        return torch.cat(fused, dim=1)


class LastScale(nn.Module):
    """No fusion: the last scale alone, for the ablation and for a network cut short.

    Takes the arguments of :class:`MultiScaleFusion` that a network gives; only the channels matter.
    """

    def __init__(self, in_channels: Sequence[int], reductions: Sequence[int] | None = None, device=None, dtype=None):
        super().__init__()
        self.out_channels = in_channels[-1]

    def forward(self, features: list[Tensor]) -> Tensor:
        return features[-1]
