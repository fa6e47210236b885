"""Multi-scale fusion as a neck for any backbone that gives a pyramid."""
from collections.abc import Sequence

from mmengine.model import BaseModule
from torch import Tensor

from .. import layers
from ..registry import MODELS, register

__all__ = ["MultiScaleFusion"]


@register(MODELS)
class MultiScaleFusion(BaseModule):
    """:class:`lanmsff_plugins.MultiScaleFusion` between a backbone and a head.

    Args:
        in_channels: Number of channels of each of the backbone's outputs, the finest first.
        reductions: Stride of each output to the image; each twice the one before by default.
        project: Put a 1x1 convolution before scales whose channels 3 does not divide; an error otherwise.
        ceil_mode: Round the pooled grid up, for backbones whose stages do.
        global_pool: Average the fused map to a vector, as ``LinearClsHead`` wants it; False gives the map.
        init_cfg: Config of the initialisation.

    Attributes:
        out_channels: Number of channels that the head gets.
    """

    def __init__(self, in_channels: Sequence[int], reductions: Sequence[int] | None = None, project: bool = False,
                 ceil_mode: bool = False, global_pool: bool = True, init_cfg: dict | list[dict] | None = None):
        super().__init__(init_cfg)
        self.fusion = layers.MultiScaleFusion(in_channels, reductions, project=project, ceil_mode=ceil_mode)
        self.out_channels = self.fusion.out_channels
        self.global_pool = global_pool

    def forward(self, features: tuple[Tensor, ...]) -> tuple[Tensor]:
        fused = self.fusion(list(features))
        return (fused.mean((2, 3)) if self.global_pool else fused,)
