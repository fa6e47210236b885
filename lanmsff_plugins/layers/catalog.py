"""Every layer of this package, a row each: what it is, whose it is, and what it needs.

    catalog.LAYERS["MassAtt"].build(72)

MMEngine's registrations, the names that networks take for ``attn_layer``, the tests that every layer passes, the
gallery's rows and the table in the docs are made from this list. A new layer is its file, a row here, and a fixture.
"""
import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from torch import Tensor, nn

from .conv import ConvNormAct, DilatedConv2d, SeparableConv2d
from .dfe_ianet import MSFD
from .dual_path import DualPath
from .fusion import MultiScaleFusion
from .maffsrn import CEA, MAB
from .mass_att import MassAtt
from .mgdn import HEADS, MGCA, MGDF, MGFF
from .official import Official, nearest, quaternion
from .pwfs import GROUPS, PWFS
from .quaternion import QuaternionConv2d
from .safmn import CCM, SAFM, AttBlock
from .xmsnet import AF, AF0, LGB, QueryAttention

__all__ = ["KINDS", "LAYERS", "Layer", "attention", "from_official", "slot"]

KINDS = {
    "attention": "(N, C, H, W) to the same; built with its channels alone, for any attention slot",
    "selection": "(N, C, H, W) to fewer channels; built with its channels, says its ``out_channels``",
    "conv": "(N, C, H, W) to other channels; built with ``in_channels`` and ``out_channels``",
    "fusion": "the maps of a pyramid to one; built with the channels and strides of each",
    "multi-input": "several maps (N, C, H, W) of one shape to one or as many of that shape; built with their channels",
}
_LANMSFF, _SAFMN, _MAFFSRN, _MGDN, _XMSNET = "2403.14318", "2302.13800", "2008.12912", "2308.12538", "2305.10469"


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
        arguments: What it is built with besides its channels where it has no default, so that it keeps H and W.
        inputs: How many maps it takes; those of kind attention can be given just one.
        outputs: How many maps it returns.
        in_a_list: It takes its maps as one list, and returns a list.
        official: The classes of its authors' code, by the part of the paper that they are.
    """

    build: Callable[..., nn.Module]
    kind: str
    summary: str
    paper: str = ""
    needs: str = ""
    divisor: int = 1
    free_standing: bool = True
    arguments: Mapping[str, Any] = field(default_factory=dict)
    inputs: int = 1
    outputs: int = 1
    in_a_list: bool = False
    official: Mapping[str, Official] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name of the class."""
        return self.build.__name__

    @property
    def short_name(self) -> str:
        """The name in lower case, as timm's attention layers have it: 'mass_att'."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", self.name).lower()

    def call(self, module: nn.Module, maps: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """What a module of this layer makes of some maps, as a tuple whatever it returns."""
        out = module(list(maps)) if self.in_a_list else module(*maps)
        return (out,) if isinstance(out, Tensor) else tuple(out)


_CEA = (("^reduce_channels", "reduce"), ("^reduce_spatial_size", "down"), (r"^conv1\.0", "conv"),
        (r"^conv2\.0", "dilated_conv"), (r"^increase_channels\.0", "expand"), (r"^bottom11\.0", "conv_pw"),
        (r"^bottom11_dw\.0", "conv_dw"))
_MAB = (*_CEA, ("^(?!conv0)", "cea."), (r"^conv01\.0", "conv1"), (r"^conv00\.0", "conv2"))
_MGDF = (("TCA", "attention"), ("kernel_predictor_ref", "predictor_1"), ("kernel_predictor_ext", "predictor_2"),
         (r"(predictor_\d)\.0\.0", r"\1.conv1"), (r"(predictor_\d)\.1\.0", r"\1.conv2"),
         (r"(predictor_\d)\.2", r"\1.conv3"), (r"conv_out_(\d)\.0", r"conv_\1"))
_MGFF = (*_MGDF, (r"^MGF\.", "filter."), (r"^residual_group\.blocks", "blocks"),
         (r"^adjust_channel_0(\d)", r"conv_\1"), (r"^adjust_channel\.", "merge."))
_AF = ((r"^proj_r\.", "rgb.proj."), (r"^proj_d\.", "depth.proj."), (r"^linear_r\.(\d)\.proj", r"rgb.proportion.\1"),
       (r"^linear_d\.(\d)\.proj", r"depth.proportion.\1"), (r"^linear_m\.0\.proj", "proportion"),
       (r"^linear_f\.proj", "fuse"), ("^layer_10", "rgb.region"), ("^layer_20", "depth.region"),
       ("^layer_30", "rgb.pattern"), ("^layer_40", "depth.pattern"), ("^layer_11", "rgb.region_head"),
       ("^layer_21", "depth.region_head"), (r"^layer_att\.", "region."), (r"^layer_att_c\.", "pattern."),
       ("^layer_ful2", "join"))

LAYERS = {layer.name: layer for layer in (
    Layer(MassAtt, "attention", "channel and spatial attention at once", _LANMSFF),
    Layer(SAFM, "attention", "a gate made of four scales of the map, without a sigmoid", _SAFMN,
          "channels divisible by 4", 4, official={"SAFM": Official({"dim": "channels", "n_levels": "n_levels"})}),
    Layer(CCM, "attention", "a 3x3 convolution that widens and a 1x1 that narrows, no residual", _SAFMN,
          official={"CCM": Official({"dim": "channels", "growth_rate": "growth_rate"})}),
    Layer(AttBlock, "attention", "SAFM and CCM, each after a norm and with a residual", _SAFMN,
          "channels divisible by 4", 4,
          official={"SAFMN_AttBlock": Official({"dim": "channels", "ffn_scale": "ffn_scale"})}),
    Layer(CEA, "attention", "cost-efficient attention: a coarse spatial gate and a full one", _MAFFSRN,
          "4 channels or more", official={"CEA": Official(
              {"n_feats": "channels", "reduction_factor": "reduction_factor", "distillation_rate": ""}, names=_CEA)}),
    Layer(MAB, "attention", "two 3x3 convolutions and CEA", _MAFFSRN, "4 channels or more", official={"MAB": Official(
        {"n_feats": "channels", "reduction_factor": "reduction_factor", "distillation_rate": ""}, names=_MAB)}),
    Layer(MGCA, "attention", "attention over channels, of one map or guided by a second", _MGDN, inputs=2,
          official={"MGCA": Official({"num_heads": "num_heads", "dim": "channels"})}),
    Layer(LGB, "attention", "max pooling at four sizes between 1x1 convolutions", _XMSNET, official={"LGB": Official(
        {"channel": "channels"},
        names=(("^conv1_1", "expand"), ("^convdw_1_1", "project"), (r"^DWconv\.conv\.0", "conv_dw"),
               (r"^DWconv\.conv\.1", "norm")))}),
    Layer(QueryAttention, "attention", "attention over channels, the query from two maps, key and value from a third",
          _XMSNET, "even channels", 2, inputs=3, official={"QueryAttention": Official(
              {"dim": "channels", "num_heads": "num_heads", "bias": "bias", "LayerNorm_type": ""},
              {"ffn_expansion_factor": 2},
              (("^attn.q_r", "q_x"), ("^attn.q_d", "q_y"), ("^attn.conv_cat", "q"), ("^attn.([kv])_f", r"\1"),
               ("^attn.project_out", "proj"), ("^attn.", ""), ("^norm2", "norm"), ("^ffn", "fc")))}),
    Layer(MSFD, "attention", "depthwise convolutions on the bands of a wavelet transform", "2407.20843",
          official={"MSFD": Official({"channels": "channels", "k": "kernel_size"})}),
    Layer(PWFS, "selection", "keeps the mean of the two largest of three groups, point by point", _LANMSFF,
          "channels divisible by 3", GROUPS),
    Layer(DualPath, "conv", "three stages of a plain and a dilated convolution side by side", _LANMSFF,
          "even channels", 2, free_standing=False),
    Layer(SeparableConv2d, "conv", "a depthwise and a pointwise convolution", free_standing=False),
    Layer(DilatedConv2d, "conv", "a dilated convolution that keeps the size", free_standing=False),
    Layer(ConvNormAct, "conv", "convolution, norm and activation", free_standing=False),
    Layer(QuaternionConv2d, "conv", "a convolution of quaternions, a quarter of the weights", "2405.16114",
          "channels divisible by 4", 4, arguments={"kernel_size": 3, "padding": 1},
          official={"QuaternionConv2d": Official(adapt=quaternion)}),
    Layer(MultiScaleFusion, "fusion", "selects features of every scale and fuses them on the coarsest grid",
          _LANMSFF, "a stride of each map that divides the last"),
    Layer(MGDF, "multi-input", "filters two maps, every pixel with a kernel of its own", _MGDN,
          "channels divisible by 6", HEADS, inputs=2, outputs=2,
          official={"MGDF": Official({"GF_chans": "channels"}, names=_MGDF)}),
    Layer(MGFF, "multi-input", "MGDF, and a window transformer of both maps beside it", _MGDN,
          "channels divisible by 6", HEADS, inputs=2, outputs=2, in_a_list=True, official={"MGFF_Block": Official(
              {"GF_chans": "channels", "input_dim": "channels", "dim": "channels", "depth": "depth",
               "input_resolution": "input_resolution", "num_heads": "num_heads", "window_size": "window_size",
               "mlp_ratio": "mlp_ratio", "drop_path": "drop_path", "img_size": ""},
              {"resi_connection": "1conv", "patch_size": 1}, _MGFF,
              r"^adjust_channel_03|relative_position_index$|attn_mask$")}),
    Layer(AF0, "multi-input", "gates two maps by a proportion, a region and a pattern of both", _XMSNET,
          "4 channels or more", inputs=2, official={"AF0": Official(
              {"in_dim": "channels", "out_dim": "out_channels"}, names=_AF, unused=r"^linear\.|^layer_ful2")}),
    Layer(AF, "multi-input", "AF0, and a convolution that joins a third map", _XMSNET, "4 channels or more", inputs=3,
          official={"AF": Official({"in_dim": "channels", "out_dim": "out_channels", "X": "previous_channels"},
                                   names=_AF, unused=r"^linear\.")}),
)}


def attention(name: str) -> Callable[..., nn.Module] | None:
    """The attention layer with a name of this catalog, 'MassAtt' or 'mass_att'; None if there is none."""
    return next((layer.build for layer in LAYERS.values()
                 if layer.kind == "attention" and name in (layer.name, layer.short_name)), None)


def slot(name: str | Callable[..., nn.Module]) -> Callable[..., nn.Module]:
    """An attention layer as timm's attention slots call it: ``se_layer=slot('SAFM')``.

    timm passes a slot what its own layers take, such as ``rd_ratio`` or ``act_layer``; what the layer has no such
    argument for is left out.

    Args:
        name: 'SAFM' or 'safm', as in this catalog; or a class of your own that is built with its channels.

    Returns:
        What builds the layer; it can be pickled, and be given further arguments by ``functools.partial``.

    Raises:
        ValueError: if there is no attention layer of that name.
    """
    build = attention(name) if isinstance(name, str) else name
    if build is None:
        raise ValueError(nearest("attention layer", name, (
            layer.name for layer in LAYERS.values() if layer.kind == "attention")))
    return partial(_build_in_slot, build)


_OF_SLOTS = ("rd_ratio", "rd_channels", "rd_divisor", "act_layer", "gate_layer", "norm_layer", "drop_layer")


def _build_in_slot(build: Callable[..., nn.Module], channels: int, **given: Any) -> nn.Module:
    taken = inspect.signature(build).parameters
    place = {key: given.pop(key) for key in ("device", "dtype") if key in given and key not in taken}
    layer = build(channels, **{key: value for key, value in given.items() if key in taken or key not in _OF_SLOTS})
    return layer.to(**place) if place else layer


def from_official(part: str, constructor: Any, state_dict: Mapping[str, Tensor]) -> nn.Module:
    """A layer of ours with the weights that its authors' code has saved.

    Args:
        part: What part of a paper it is, such as 'SAFM', 'MAB' or 'MGFF_Block'.
        constructor: The arguments of the authors' class by its own names, ``{"dim": 16, "n_levels": 4}``.
        state_dict: The weights under the authors' names; what their code registers and never uses may be missing.

    Returns:
        The module, in the type of the weights and in training mode. It is called with the maps in the authors' order.

    Raises:
        ValueError: if the part, an argument or a weight is unknown, missing, or does not fit.
    """
    parts = {part: (layer, official) for layer in LAYERS.values() for part, official in layer.official.items()}
    if part not in parts:
        raise ValueError(nearest("part", part, parts))
    layer, official = parts[part]
    return official.load(layer.build, constructor, state_dict)
