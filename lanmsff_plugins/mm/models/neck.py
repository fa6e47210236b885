"""Fusion as a neck for any backbone that gives a pyramid: LANMSFF's own, and the catalog's layers of several maps."""
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from mmengine.registry import MODELS as ROOT_MODELS
from torch import Tensor, nn

from ... import layers
from ...base.errors import unknown
from ...layers import catalog
from ...layers.pwfs import GROUPS
from ...registry import MODELS, register

__all__ = ["FusionNeck", "MultiInputNeck", "SelectedPyramid"]


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


@register(MODELS)
class SelectedPyramid(BaseModule):
    """Each level of a pyramid thinned out, all levels kept, before another neck: PWFS before MMDetection's FPN, say.

    A dense head needs one map for each level, which :class:`FusionNeck` does not give.

    Args:
        neck: Config of the neck behind it, built with ``in_channels``.
        in_channels: Number of channels of each of the backbone's outputs.
        project: Put a 1x1 convolution before levels whose channels 3 does not divide, up to the next multiple; an
            error otherwise.
        select_cfg: Config of what thins a level out, built with ``channels``; PWFS is the paper's.
        init_cfg: Config of the initialisation.
    """

    def __init__(self, neck: dict, in_channels: Sequence[int], project: bool = False,
                 select_cfg: dict = dict(type="lanmsff_plugins.PWFS"), init_cfg: dict | list[dict] | None = None):
        super().__init__(init_cfg)
        self.levels = nn.ModuleList()
        selected = []
        for channels in in_channels:
            level = nn.Sequential()
            if project and channels % GROUPS:
                projected = channels + GROUPS - channels % GROUPS
                level.append(nn.Conv2d(channels, projected, 1))
                channels = projected
            level.append(ROOT_MODELS.build({"channels": channels, **select_cfg}))
            selected.append(level[-1].out_channels)
            self.levels.append(level)
        self.neck = ROOT_MODELS.build({**neck, "in_channels": selected})

    def forward(self, features: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return self.neck(tuple(level(x) for level, x in zip(self.levels, features)))


@register(MODELS)
class MultiInputNeck(BaseModule):
    """A layer of several maps, such as ``MGDF`` or ``AF``, between a backbone and a head.

    These layers take maps of one shape: the last outputs of the backbone, as many as the layer takes, are brought to
    ``channels`` by 1x1 convolutions and to the coarsest grid by average pooling. If the layer returns several maps,
    they are concatenated.

    Args:
        layer: Config of the layer, of kind multi-input or attention in :mod:`lanmsff_plugins.layers.catalog`; built
            with ``channels``.
        in_channels: Number of channels of each of the backbone's outputs, the finest first, or of the last of them.
        channels: Number of channels that the layer works on.
        global_pool: Average the map to a vector, as ``LinearClsHead`` wants it; False gives the map.
        init_cfg: Config of the initialisation.

    Attributes:
        out_channels: Number of channels that the head gets.

    Raises:
        ValueError: if the catalog has no such layer, or there are fewer outputs than it takes.
    """

    def __init__(self, layer: dict, in_channels: Sequence[int], channels: int, global_pool: bool = True,
                 init_cfg: dict | list[dict] | None = None):
        super().__init__(init_cfg)
        name = layer["type"].rpartition(".")[2]
        rows = {row.name: row for row in catalog.LAYERS.values() if row.kind in ("multi-input", "attention")}
        if name not in rows:
            raise ValueError(unknown("layer of several maps", name, (n for n, row in rows.items() if row.inputs > 1)))
        self.row = rows[name]
        if len(in_channels) < self.row.inputs:
            raise ValueError(f"{name} takes {self.row.inputs} maps, got in_channels={list(in_channels)}; "
                             "let the backbone give more by its out_indices")
        self.projections = nn.ModuleList(nn.Conv2d(each, channels, 1) for each in in_channels[-self.row.inputs:])
        self.layer = MODELS.build({"channels": channels, **layer})
        # A layer says how many channels it gives only where these may be other than what it takes.
        self.out_channels = self.row.outputs * getattr(self.layer, "out_channels", channels)
        self.global_pool = global_pool

    def forward(self, features: tuple[Tensor, ...]) -> tuple[Tensor]:
        features = features[-self.row.inputs:]
        grid = features[-1].shape[2:]
        maps = [F.adaptive_avg_pool2d(projection(x), grid) for projection, x in zip(self.projections, features)]
        fused = torch.cat(self.row.call(self.layer, maps), dim=1)
        return (fused.mean((2, 3)) if self.global_pool else fused,)
