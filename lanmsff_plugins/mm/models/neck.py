"""Multi-scale fusion as a neck for any backbone that gives a pyramid."""
from collections.abc import Sequence

from mmengine.model import BaseModule
from mmengine.registry import MODELS as ROOT_MODELS
from torch import Tensor, nn

from ... import layers
from ...registry import MODELS, register

__all__ = ["FusionNeck"]


@register(MODELS, formerly="MultiScaleFusion")
class FusionNeck(BaseModule):
    """:class:`lanmsff_plugins.MultiScaleFusion` between a backbone and a head.

    Args:
        in_channels: Number of channels of each of the backbone's outputs, the finest first.
        reductions: Stride of each output to the image; each twice the one before by default.
        project: Put a 1x1 convolution before scales whose channels 3 does not divide; an error otherwise.
        ceil_mode: Round the pooled grid up, for backbones whose stages do.
        select_cfg: Config of what thins a scale out, built with ``channels``; PWFS is the paper's.
        global_pool: Average the fused map to a vector, as ``LinearClsHead`` wants it; False gives the map.
        init_cfg: Config of the initialisation.

    Attributes:
        out_channels: Number of channels that the head gets.
    """

    def __init__(self, in_channels: Sequence[int], reductions: Sequence[int] | None = None, project: bool = False,
                 ceil_mode: bool = False, select_cfg: dict = dict(type="lanmsff_plugins.PWFS"),
                 global_pool: bool = True, init_cfg: dict | list[dict] | None = None):
        super().__init__(init_cfg)

        def select_layer(channels: int, **dd) -> nn.Module:
            return ROOT_MODELS.build({"channels": channels, **select_cfg})

        self.fusion = layers.MultiScaleFusion(in_channels, reductions, select_layer, project, ceil_mode)
        self.out_channels = self.fusion.out_channels
        self.global_pool = global_pool

    def forward(self, features: tuple[Tensor, ...]) -> tuple[Tensor]:
        fused = self.fusion(list(features))
        return (fused.mean((2, 3)) if self.global_pool else fused,)
