"""Every layer of this package, a row each: what it is, whose it is, and what it needs.

    catalog.LAYERS["MassAtt"].build(72)

MMEngine's registrations, the names that networks take for ``attn_layer``, the tests that every layer passes, the
gallery's rows and the table in the docs are made from this list. A new layer is its file, a row here, and a fixture.
"""
import re
from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from .conv import ConvNormAct, DilatedConv2d, SeparableConv2d
from .dual_path import DualPath
from .fusion import MultiScaleFusion
from .mass_att import MassAtt
from .pwfs import GROUPS, PWFS

__all__ = ["KINDS", "LAYERS", "Layer", "attention"]

KINDS = {
    "attention": "(N, C, H, W) to the same; built with its channels alone, for any attention slot",
    "selection": "(N, C, H, W) to fewer channels; built with its channels, says its ``out_channels``",
    "conv": "(N, C, H, W) to other channels; built with ``in_channels`` and ``out_channels``",
    "multi-input": "several maps to one",
}
_LANMSFF = "2403.14318"


@dataclass(frozen=True)
class Layer:
    """A row of the catalog.

    Attributes:
        build: The class.
        kind: A key of ``KINDS``.
        summary: What it does, in a few words.
        paper: arXiv number of its source; '' for building blocks of no paper.
        needs: What its channels and sizes must be; '' for any.
        divisor: A number that divides the channels it takes.
        free_standing: It is made for other networks, so it checks its input.
    """

    build: Callable[..., nn.Module]
    kind: str
    summary: str
    paper: str = ""
    needs: str = ""
    divisor: int = 1
    free_standing: bool = True

    @property
    def name(self) -> str:
        """The name of the class."""
        return self.build.__name__

    @property
    def short_name(self) -> str:
        """The name in lower case, as timm's attention layers have it: 'mass_att'."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", self.name).lower()


LAYERS = {layer.name: layer for layer in (
    Layer(MassAtt, "attention", "channel and spatial attention at once", _LANMSFF),
    Layer(PWFS, "selection", "keeps the mean of the two largest of three groups, point by point", _LANMSFF,
          "channels divisible by 3", GROUPS),
    Layer(DualPath, "conv", "three stages of a plain and a dilated convolution side by side", _LANMSFF,
          "even channels", 2, free_standing=False),
    Layer(SeparableConv2d, "conv", "a depthwise and a pointwise convolution", free_standing=False),
    Layer(DilatedConv2d, "conv", "a dilated convolution that keeps the size", free_standing=False),
    Layer(ConvNormAct, "conv", "convolution, norm and activation", free_standing=False),
    Layer(MultiScaleFusion, "multi-input", "selects features of every scale and fuses them on the coarsest grid",
          _LANMSFF, "a stride of each map that divides the last"),
)}


def attention(name: str) -> Callable[..., nn.Module] | None:
    """The attention layer with a name of this catalog, 'MassAtt' or 'mass_att'; None if there is none."""
    return next((layer.build for layer in LAYERS.values()
                 if layer.kind == "attention" and name in (layer.name, layer.short_name)), None)
