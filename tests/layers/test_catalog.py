"""The catalog names every public layer once, and what it says of each is true."""
import inspect
import pickle
from functools import partial

import pytest
import timm
import torch
from torch import nn

from lanmsff_plugins import LANMSFF, MassAtt, layers
from lanmsff_plugins.layers import catalog

SINGLE = [layer for layer in catalog.LAYERS.values() if layer.kind != "fusion"]  # built with one number of channels


def test_every_public_layer_is_in_it():
    modules = {name for name in layers.__all__ if inspect.isclass(getattr(layers, name))}
    assert catalog.LAYERS.keys() >= modules - {"LastScale"}  # which is no layer of anybody's, but the lack of one


@pytest.mark.parametrize("layer", catalog.LAYERS.values(), ids=catalog.LAYERS)
def test_a_row_has_a_known_kind_and_its_class_says_where_it_is_from(layer):
    assert layer.kind in catalog.KINDS and layer.summary
    assert layer.paper in (inspect.getmodule(layer.build).__doc__ or "")


@pytest.mark.parametrize("layer", SINGLE, ids=lambda layer: layer.name)
def test_the_kind_says_how_it_is_built_and_what_it_does_to_the_channels(layer):
    channels = 4 * layer.divisor
    if layer.kind == "conv":
        built, out = layer.build(channels, 3 * channels, **layer.arguments), 3 * channels
    else:
        built = layer.build(channels)
        out = built.out_channels if layer.kind == "selection" else channels
    outputs = layer.call(built, [torch.rand(2, channels, 8, 8)] * layer.inputs)
    assert [y.shape for y in outputs] == [(2, out, 8, 8)] * layer.outputs


@pytest.mark.parametrize("layer", [layer for layer in SINGLE if layer.kind == "attention"],
                         ids=lambda layer: layer.name)
def test_attention_can_be_given_one_map(layer):
    x = torch.rand(2, 4 * layer.divisor, 8, 8)
    module = layer.build(x.shape[1]).eval()
    torch.testing.assert_close(module(x), module(*[x] * layer.inputs))


@pytest.mark.parametrize("layer", [layer for layer in SINGLE if layer.divisor > 1], ids=lambda layer: layer.name)
def test_channels_that_do_not_divide_are_refused_at_construction(layer):
    given = (layer.divisor + 1,) * (2 if layer.kind == "conv" else 1)
    with pytest.raises(ValueError, match=f"{layer.name} .*got .*{layer.divisor + 1}"):
        layer.build(*given, **layer.arguments)


@pytest.mark.parametrize(("name", "short"), [
    ("MassAtt", "mass_att"), ("PWFS", "pwfs"), ("DualPath", "dual_path"), ("SeparableConv2d", "separable_conv2d"),
    ("SAFM", "safm"), ("AttBlock", "att_block"), ("QueryAttention", "query_attention"), ("AF0", "af0")])
def test_short_names_are_those_of_files(name, short):
    assert catalog.LAYERS[name].short_name == short


def test_attention_is_found_by_either_name():
    assert catalog.attention("MassAtt") is catalog.attention("mass_att") is MassAtt
    assert catalog.attention("se") is None and catalog.attention("pwfs") is None


@pytest.mark.parametrize(("name", "kind"), [("mass_att", MassAtt), ("MassAtt", MassAtt), ("se", nn.Module)])
def test_the_network_takes_attention_by_its_name(name, kind):
    assert isinstance(LANMSFF(attn_layer=name).blocks[1].attn, kind)


def test_an_attention_that_nobody_knows_is_refused():
    with pytest.raises((AssertionError, ValueError), match="mass_at"):
        LANMSFF(attn_layer="mass_at")


ATTENTION = [layer.name for layer in catalog.LAYERS.values() if layer.kind == "attention"]


@pytest.mark.parametrize("name", ATTENTION)
def test_a_slot_takes_what_timm_passes_and_the_layers_own(name):
    build = pickle.loads(pickle.dumps(catalog.slot(name)))
    layer = build(16, rd_ratio=0.25, rd_channels=4, rd_divisor=8, act_layer=nn.ReLU, norm_layer=nn.BatchNorm2d,
                  gate_layer="sigmoid", device="cpu", dtype=torch.float64)
    assert type(layer) is catalog.LAYERS[name].build and {p.dtype for p in layer.parameters()} == {torch.float64}
    with pytest.raises(TypeError, match="no_such"):
        build(16, no_such=1)


def test_a_slot_passes_on_what_the_layer_has_an_argument_for():
    assert catalog.slot("mass_att")(16, rd_channels=5).fc1.out_features == 5
    assert partial(catalog.slot("SAFM"), n_levels=2)(16).n_levels == 2


def test_a_slot_takes_a_class_of_one_s_own():
    layer = catalog.slot(nn.PReLU)(8, rd_ratio=0.25)
    assert type(layer) is nn.PReLU and layer.weight.shape == (8,)


def test_a_class_that_knows_no_device_and_no_type_is_brought_there():
    class Scale(nn.Module):
        def __init__(self, channels: int):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(channels, 1, 1))

    assert catalog.slot(Scale)(8, device=None, dtype=torch.float64).weight.dtype is torch.float64


def test_a_slot_of_an_unknown_name_says_the_nearest():
    with pytest.raises(ValueError, match="unknown attention layer 'SAFN'; did you mean SAFM"):
        catalog.slot("SAFN")


@pytest.mark.parametrize("host", ["resnet18", "tinynet_e"])
def test_timms_slots_take_each_attention_layer(host):
    for name in ATTENTION:
        layer = catalog.slot(name)
        model = timm.create_model(host, **({"block_args": {"attn_layer": layer}} if host == "resnet18" else
                                           {"se_layer": layer}), num_classes=3).eval()
        assert any(type(module).__name__ == name for module in model.modules())
        assert model(torch.rand(1, 3, 32, 32)).isfinite().all()
