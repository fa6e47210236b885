"""Layers put into CNNs that offer no slot for them: chosen ones, all of them, and without harm to the host."""
import copy
import pickle
from functools import partial

import pytest
import timm
import torch
from timm.layers import SEModule
from timm.models._efficientnet_blocks import SqueezeExcite
from timm.utils import ModelEmaV3
from torch import nn

from lanmsff_plugins import MassAtt
from lanmsff_plugins.hosts.surgery import insert_after, replace_modules

IMAGES = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))


def resnet(**kwargs):
    torch.manual_seed(0)
    return timm.create_model("resnet18", num_classes=5, zero_init_last=False, **kwargs)


@pytest.fixture
def host():
    model = resnet()
    insert_after(model, "layer*.?.bn2", MassAtt, name="mass_att")
    return model.eval()


def test_every_module_of_a_type_is_replaced_and_no_other():
    model = timm.create_model("mobilenetv3_small_050")
    before = {name for name, module in model.named_modules() if isinstance(module, SqueezeExcite)}
    replaced = replace_modules(model, SqueezeExcite, partial(MassAtt, rd_ratio=1 / 8))
    assert replaced.keys() == before and len(before) == 9
    assert not any(isinstance(module, SqueezeExcite) for module in model.modules())
    assert all(model.get_submodule(name) is layer for name, layer in replaced.items())
    assert model(IMAGES).shape == (2, 1000)


def test_a_replaced_module_gets_the_channels_that_enter_it():
    model = nn.Sequential(nn.Conv2d(3, 24, 3), SEModule(24))
    assert replace_modules(model, SEModule, MassAtt)["1"].channels == 24


def test_inserted_layers_stand_behind_the_modules_that_match(host):
    names = [name for name, module in host.named_modules() if isinstance(module, MassAtt)]
    assert names == [f"layer{i}.{j}.bn2.mass_att" for i in (1, 2, 3, 4) for j in (0, 1)]
    block, x = host.layer1[0], torch.rand(1, 64, 8, 8)
    expected = block.bn2.mass_att(nn.functional.batch_norm(
        x, block.bn2.running_mean, block.bn2.running_var, block.bn2.weight, block.bn2.bias))
    torch.testing.assert_close(block.bn2(x), expected)


def test_a_plain_sequential_calls_its_new_member_once():
    model = nn.Sequential(nn.Sequential(nn.Conv2d(3, 8, 1)), nn.ReLU())
    layer, = insert_after(model, "0", lambda channels: nn.BatchNorm2d(channels, momentum=1.)).values()
    model.train()(IMAGES)
    assert layer.num_batches_tracked == 1


def test_the_hosts_weights_keep_their_names(host):
    missing, unexpected = host.load_state_dict(resnet().state_dict(), strict=False)
    assert not unexpected and missing and all(".mass_att." in name for name in missing)


@pytest.mark.parametrize("copied", [
    copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model)), lambda model: ModelEmaV3(model).module],
    ids=["deepcopy", "pickle", "ema"])
def test_a_copy_has_layers_of_its_own(host, copied):
    twin = copied(host)
    with torch.no_grad():
        torch.testing.assert_close(twin(IMAGES), host(IMAGES))
        for parameter in twin.layer1[0].bn2.mass_att.parameters():
            parameter.fill_(1.)
        assert not torch.allclose(twin(IMAGES), host(IMAGES))


def test_a_state_dict_carries_the_new_layers(host):
    other = resnet()
    insert_after(other, "layer*.?.bn2", MassAtt, name="mass_att")
    other.load_state_dict(host.state_dict())
    with torch.no_grad():
        torch.testing.assert_close(other.eval()(IMAGES), host(IMAGES))


def test_every_new_parameter_learns(host):
    host.train()(IMAGES).square().sum().backward()
    new = [p for name, p in host.named_parameters() if "mass_att" in name]
    assert len(new) == 8 * 12
    assert all(p.grad is not None and p.grad.isfinite().all() for p in new)
    assert sum(bool(p.grad.any()) for p in new) > 0.8 * len(new)


def test_export_and_fx_see_the_new_layers(host):
    with torch.no_grad():
        expected = host(IMAGES)
        torch.testing.assert_close(torch.export.export(host, (IMAGES,)).module()(IMAGES), expected)
        torch.testing.assert_close(torch.fx.symbolic_trace(host)(IMAGES), expected)


@pytest.mark.slow
def test_compile_sees_the_new_layers(host):
    with torch.no_grad():
        torch.testing.assert_close(torch.compile(host, fullgraph=True)(IMAGES), host(IMAGES), rtol=1e-4, atol=1e-4)


def test_the_host_stays_in_its_mode_and_its_statistics_stay():
    model = resnet().train()
    model.layer1.eval()
    before = copy.deepcopy(model.state_dict())
    insert_after(model, "layer*.?.bn2", MassAtt)
    assert model.training and not model.layer1.training and not model.layer1[0].bn2.plugin.training
    assert all(torch.equal(model.state_dict()[name], value) for name, value in before.items())


def test_new_layers_have_the_hosts_type():
    model = resnet().double()
    layers = insert_after(model, "layer4.?.bn2", MassAtt).values()
    assert all(p.dtype == torch.float64 for layer in layers for p in layer.parameters())


@pytest.mark.parametrize(("change", "message"), [
    (lambda m: insert_after(m, "layer9.*", MassAtt), "no module of ResNet matches .*; its names look like layer"),
    (lambda m: insert_after(m, "global_pool", MassAtt), r"output of global_pool is not \(N, C, H, W\) but \[1, 512\]"),
    (lambda m: insert_after(m, "fc", MassAtt), r"the output of fc is not \(N, C, H, W\) but \[1, 5\]"),
    (lambda m: insert_after(m, "layer1.0.bn2", MassAtt, name="weight"), "layer1.0.bn2 has a child 'weight' already"),
    (lambda m: replace_modules(m, SqueezeExcite, MassAtt), r"no module of type SqueezeExcite; it has .*BatchNorm2d"),
    (lambda m: replace_modules(m, nn.MaxPool2d, MassAtt), "maxpool changes the shape of its input"),
])
def test_wrong_use_is_refused_by_name_and_changes_nothing(change, message):
    model = resnet()
    before = str(model)
    with pytest.raises(ValueError, match=message):
        change(model)
    assert str(model) == before


def test_a_container_with_a_forward_of_its_own_is_refused():
    with pytest.raises(ValueError, match="features.denseblock1 is a DenseBlock, which goes through its children"):
        insert_after(timm.create_model("densenet121"), "features.denseblock?", MassAtt)


def test_a_module_that_is_never_called_is_refused():
    model = resnet()
    model.unused = nn.Conv2d(3, 3, 1)
    with pytest.raises(ValueError, match="unused is never called"):
        insert_after(model, "unused", MassAtt)
