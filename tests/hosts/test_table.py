"""MassAtt in every host of the table: as many layers as the host has places, and all of them learn."""
from fnmatch import fnmatchcase

import pytest
import torch
from timm.layers import SEModule

from lanmsff_plugins import MassAtt
from lanmsff_plugins.hosts.table import HOSTS, Host, find_host
from lanmsff_plugins.layers import catalog

FAST = {"resnet18", "tinynet_e", "repvgg_a0", "mobilenetv3_small_050", "mobilenetv2_050", "convnext_atto"}
NAMED_IN_THE_CONTRACT = """
    resnet seresnet resnext ecaresnet skresnet res2net efficientnet tf_efficientnetv2 mnasnet tinynet mixnet gernet
    resnext26ts repvgg mobileone regnetz nf botnet halonet vovnet coatnet maxvit mobilenetv3 lcnet fbnetv3 hardcorenas
    regnety ghostnet rexnet convnext fastvit repvit hgnet mobilenetv2 mobilenetv4 efficientnet_lite""".split()


def places(host) -> int:
    """How many layers the host has room for, told without MassAtt."""
    if host.slot:
        return sum(isinstance(module, SEModule) for module in host.build(SEModule).modules())
    bare = host.build()
    if host.replace:
        return sum(isinstance(module, host.replaced_types(bare)) for module in bare.modules())
    return sum(fnmatchcase(name, host.after) for name, _ in bare.named_modules())


def its_own_weights(model) -> set:
    """The names and shapes of the weights that are not those of an attention layer of ours."""
    ours = tuple(f"{name}." for name, module in model.named_modules() if isinstance(module, MassAtt))
    return {(name, value.shape) for name, value in model.state_dict().items() if not name.startswith(ours or "\0")}


@pytest.mark.hosts
@pytest.mark.parametrize("host", [
    pytest.param(host, id=host.name, marks=() if host.name in FAST else pytest.mark.slow) for host in HOSTS])
def test_a_host_takes_mass_att_in_all_of_its_places_and_it_learns(host):
    torch.manual_seed(0)
    model = host.build(MassAtt).train()
    layers = [module for module in model.modules() if isinstance(module, MassAtt)]
    assert len(layers) == places(host) > 0
    shapes = dict(its_own_weights(host.build()))
    assert all(shapes.get(name, shape) == shape for name, shape in its_own_weights(model))
    config = model.pretrained_cfg
    side = config["input_size"][-1] if config.get("fixed_input_size") or "net26t" in host.name else 96
    output = model(torch.rand(2, 3, side, side))
    assert output.shape == (2, 1000) and output.isfinite().all()
    output.square().mean().backward()
    for layer in layers:
        for name, parameter in layer.named_parameters():
            assert parameter.grad is not None and parameter.grad.isfinite().all(), name


ROWS = {host.name: host for host in HOSTS}
BY_SLOT = [ROWS[name] for name in (
    "resnet18", "ecaresnet26t", "skresnet18", "efficientnet_b0", "tinynet_e", "mnasnet_small", "repvgg_a0",
    "mobileone_s1", "gernet_s", "resnext26ts")]
BY_SURGERY = [
    *(ROWS[name] for name in ("mobilenetv3_small_050", "lcnet_050", "mobilenetv2_050", "convnext_atto")),
    Host("resnet18", after="layer?"), Host("ecaresnet26t", after="layer?"), Host("efficientnet_b0", after="blocks.?"),
    Host("tinynet_e", after="blocks.?"), Host("repvgg_a0", after="stages.?"), Host("gernet_s", after="stages.?")]


@pytest.mark.hosts
@pytest.mark.slow
@pytest.mark.parametrize("host", [*BY_SLOT, *BY_SURGERY], ids=lambda host: f"{host.name} by "
                         f"{'slot' if host.slot else 'surgery'}")
@pytest.mark.parametrize("name", [row.name for row in catalog.LAYERS.values() if row.kind == "attention"])
def test_ten_hosts_by_slot_and_ten_by_surgery_take_each_attention_layer_and_it_learns(host, name):
    model = host.build(catalog.slot(name)).train()
    layers = [module for module in model.modules() if type(module) is catalog.LAYERS[name].build]
    assert len(layers) == places(host) > 0
    model(torch.rand(2, 3, 64, 64)).square().mean().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for layer in layers for p in layer.parameters())


def test_the_table_has_forty_hosts_and_all_that_are_promised():
    assert len({host.name for host in HOSTS}) == len(HOSTS) >= 40
    for family in NAMED_IN_THE_CONTRACT:
        assert any(family in host.name for host in HOSTS), family


@pytest.mark.parametrize(("name", "door"), [
    ("resnet18", "`block_args=dict(attn_layer=L)`"), ("resnet34", "`block_args=dict(attn_layer=L)`"),
    ("mobilenetv2_100", '`insert_after(model, "blocks.?", L)`'),
    ("ghostnetv2_100", "`replace_modules(model, SqueezeExcite, L)`"),
    ("inception_next_tiny", ", ".join(f'`insert_after(model, "stages.{i}", L)`' for i in range(4)))])
def test_a_cnn_that_is_not_in_the_table_takes_layers_as_its_relatives_or_behind_its_stages(name, door):
    host = find_host(name)
    assert (host.name, host.door) == (name, door)


@pytest.mark.parametrize("name", ["vit_tiny_patch16_224", "swin_tiny_patch4_window7_224"])
def test_a_transformer_has_no_place_for_a_layer(name):
    with pytest.raises(ValueError, match=f"no place for a layer found in {name}"):
        find_host(name)
