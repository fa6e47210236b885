"""A host with a layer starts from the weights of the host without it."""
import pytest
import torch
from timm.layers import get_attn
from timm.models._efficientnet_blocks import SqueezeExcite
from torch import nn

import timm_registry  # noqa: F401
from lanmsff_plugins.hosts.variants import _TIMM, build_variant, find_layer
from lanmsff_plugins.layers import SAFM, MassAtt

from ..versions import small_resnet

pytestmark = small_resnet


def build(host: str, layer: str, after: str = "", **kwargs) -> nn.Module:
    torch.manual_seed(0)
    return build_variant(host, layer, after, (3, 32, 32), num_classes=5, **kwargs)


def count(model: nn.Module, kind: type) -> int:
    return sum(isinstance(module, kind) for module in model.modules())


@pytest.mark.parametrize("host", ["test_resnet", "test_efficientnet", "test_convnext", "test_byobnet"])
@pytest.mark.parametrize("layer", ["MassAtt", "cbam", "torch.nn:Identity"])
def test_what_two_variants_have_in_common_is_the_same(host, layer):
    bare, model = build(host, "none"), build(host, layer)
    shared = bare.state_dict()
    assert all(torch.equal(model.state_dict()[name], value) for name, value in shared.items())
    kind = {"MassAtt": MassAtt, "cbam": get_attn("cbam")}.get(layer)
    assert kind is None or count(model, kind) > 0 == count(bare, kind)
    if layer == "torch.nn:Identity":
        assert model.state_dict().keys() == shared.keys()
        images = torch.rand(2, 3, 32, 32)
        torch.testing.assert_close(model.eval()(images), bare.eval()(images), rtol=0, atol=0)


@pytest.mark.parametrize("host", ["test_efficientnet", "mobilenetv3_small_050"])
def test_none_empties_the_places_that_the_host_fills_and_own_does_not(host):
    assert count(build(host, "own"), SqueezeExcite) > 0 == count(build(host, "none"), SqueezeExcite)


def test_lanmsff_is_a_host_with_its_two_slots():
    torch.manual_seed(0)
    model = build_variant("lanmsff", "SAFM", input_shape=(1, 32, 32), num_classes=5, in_chans=1)
    assert count(model, SAFM) == 2 and count(model, MassAtt) == 0
    assert model(torch.rand(2, 1, 32, 32)).shape == (2, 5)


def test_a_pattern_names_other_places():
    assert count(build("test_resnet", "MassAtt", after="layer[34]"), MassAtt) == 2


@pytest.mark.parametrize("name", _TIMM)
def test_timm_s_layers_keep_the_shape_or_cannot_be_built_with_this_timm(name):
    try:
        layer = find_layer(name)(64)
    except ValueError as error:
        assert "has no layer" in str(error)
        pytest.skip(str(error))
    except TypeError:
        assert name == "ge"  # with its MLP timm 1.0.31 cannot build it
    else:
        assert layer(torch.rand(2, 64, 8, 8)).shape == (2, 64, 8, 8)


@pytest.mark.parametrize(("host", "layer", "message"), [
    ("test_resnet", "MasAtt", "unknown layer 'MasAtt'; did you mean MassAtt"),
    ("test_resnet", "nowhere:Layer", "nothing to import at 'nowhere:Layer'"),
    ("test_resnet", "torch:pi", "torch:pi is float, expected something that makes a torch.nn.Module"),
    ("test_resnet", "torch.nn:Conv2d", "test_resnet with torch.nn:Conv2d cannot be built"),
    ("test_resnett", "se", "unknown timm model 'test_resnett'; did you mean test_resnet"),
    ("resnet18.a1_in1k", "se", r"resnet18.a1_in1k names pretrained weights.* leave .a1_in1k out"),
    ("test_vit", "se", "no place for a layer found in test_vit")])
def test_what_cannot_be_is_refused_in_one_line(host, layer, message):
    with pytest.raises(ValueError, match=message) as caught:
        build(host, layer)
    assert "\n" not in str(caught.value)
