"""The catalog names every public layer once, and what it says of each is true."""
import inspect

import pytest
import torch
from torch import nn

from lanmsff_plugins import LANMSFF, MassAtt, layers
from lanmsff_plugins.layers import catalog

SINGLE = [layer for layer in catalog.LAYERS.values() if layer.kind != "multi-input"]


def test_every_public_layer_is_in_it():
    modules = {name for name in layers.__all__ if inspect.isclass(getattr(layers, name))}
    assert catalog.LAYERS.keys() >= modules - {"LastScale"}  # which is no layer of anybody's, but the lack of one


@pytest.mark.parametrize("layer", catalog.LAYERS.values(), ids=catalog.LAYERS)
def test_a_row_has_a_known_kind_and_its_class_says_where_it_is_from(layer):
    assert layer.kind in catalog.KINDS and layer.summary
    assert layer.paper in (inspect.getmodule(layer.build).__doc__ or "")


@pytest.mark.parametrize("layer", SINGLE, ids=lambda layer: layer.name)
def test_the_kind_says_how_it_is_built_and_what_it_does_to_the_channels(layer):
    channels = 2 * layer.divisor
    if layer.kind == "conv":
        built, out = layer.build(channels, 3 * channels), 3 * channels
    else:
        built = layer.build(channels)
        out = channels if layer.kind == "attention" else built.out_channels
    assert built(torch.rand(2, channels, 8, 8)).shape == (2, out, 8, 8)


@pytest.mark.parametrize("layer", [layer for layer in SINGLE if layer.divisor > 1], ids=lambda layer: layer.name)
def test_channels_that_do_not_divide_are_refused_at_construction(layer):
    given = (layer.divisor + 1,) * (2 if layer.kind == "conv" else 1)
    with pytest.raises(ValueError, match=f"{layer.name} .*got .*{layer.divisor + 1}"):
        layer.build(*given)


@pytest.mark.parametrize(("name", "short"), [
    ("MassAtt", "mass_att"), ("PWFS", "pwfs"), ("DualPath", "dual_path"), ("SeparableConv2d", "separable_conv2d")])
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
