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

from ..versions import needs, small_resnet

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


class Calls(nn.Module):
    """A host whose modules are called in ways of their own."""

    def __init__(self, conv_by: str = "keyword"):
        super().__init__()
        self.conv, self.conv_by = nn.Conv2d(3, 8, 3), conv_by
        self.neck = Neck()
        self.relu = nn.ReLU()
        self.alias = self.neck
        self.twice = nn.Conv2d(8, 8, 1)
        self.hidden = [nn.Conv2d(8, 8, 1)]  # not in the tree
        self.also_hidden = nn.Conv2d(8, 8, 1)
        self.hidden.append(self.also_hidden)

    def forward(self, x):
        x = self.neck([self.relu(self.conv(input=x)), x])
        x = self.twice(self.twice(self.relu(x)))
        for module in self.hidden:
            x = module(x)
        return self.relu(x)


class Neck(nn.Module):
    def forward(self, features):
        return features[0]


@pytest.mark.parametrize("pattern", ["conv", "neck"])
def test_only_the_output_of_a_module_has_to_be_a_map(pattern):
    torch.manual_seed(0)
    model = Calls().eval()
    bare = copy.deepcopy(model)
    layer, = insert_after(model, pattern, MassAtt, input_shape=(3, 16, 16)).values()
    bare.get_submodule(pattern).register_forward_hook(lambda module, args, output: layer(output))
    with torch.no_grad():
        torch.testing.assert_close(model(IMAGES), bare(IMAGES))


def test_a_module_in_two_places_that_is_called_once_keeps_both():
    model = Calls()
    layer, = insert_after(model, "alias", MassAtt, input_shape=(3, 16, 16)).values()
    assert model.alias is model.neck and model.neck.plugin is layer
    assert {"neck.plugin.fc1.weight", "alias.plugin.fc1.weight"} <= model.state_dict().keys()


def test_layers_put_behind_one_module_run_in_turn():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 8, 1), nn.ReLU())
    first, = insert_after(model, "0", MassAtt, name="first", input_shape=(3, 16, 16)).values()
    second, = insert_after(model, "0", MassAtt, name="second", input_shape=(3, 16, 16)).values()
    host = model[0].get_submodule("_host")
    torch.testing.assert_close(model(IMAGES), second(first(host(IMAGES))).relu())
    assert {name.split(".")[1] for name in model.state_dict()} == {"weight", "bias", "first", "second"}


def test_a_layer_can_be_put_behind_a_new_layer():
    torch.manual_seed(0)
    model = resnet().eval()
    first, = insert_after(model, "layer1.0.bn2", MassAtt).values()
    (name, second), = insert_after(model, "layer1.0.bn2.plugin", MassAtt, name="more").items()
    assert name == "layer1.0.bn2.plugin.more" and model.get_submodule(name) is second
    x = torch.rand(1, 64, 8, 8)
    expected = second(first(model.layer1[0].bn2.get_submodule("_host")(x)))
    torch.testing.assert_close(model.layer1[0].bn2(x), expected)


def test_every_place_of_a_shared_module_is_replaced_by_one_layer():
    shared = SEModule(16)
    model = nn.Sequential(
        nn.Conv2d(3, 16, 3), nn.Sequential(shared), nn.Sequential(shared), nn.Sequential(SEModule(16)))
    replaced = replace_modules(model, SEModule, MassAtt, input_shape=(3, 16, 16))
    assert replaced.keys() == {"1.0", "2.0", "3.0"}
    assert replaced["1.0"] is replaced["2.0"] is model[1][0] is model[2][0] is not replaced["3.0"]
    assert not any(isinstance(module, SEModule) for module in model.modules())


def test_a_module_within_a_replaced_one_goes_with_it():
    class Nested(nn.Sequential):
        pass
    model = nn.Sequential(nn.Conv2d(3, 8, 1), Nested(nn.ReLU(), Nested(nn.ReLU())))
    assert replace_modules(model, Nested, MassAtt, input_shape=(3, 16, 16)).keys() == {"1"}


@needs("timm", "1.0.8", "test_efficientnet")
def test_replacing_behind_an_inserted_layer_keeps_the_inserted_one():
    model = timm.create_model("test_efficientnet")
    inserted = insert_after(model, "blocks.*.se", MassAtt, input_shape=(3, 64, 64))
    replaced = replace_modules(model, SqueezeExcite, MassAtt, input_shape=(3, 64, 64))
    assert len(inserted) == 4 and len(replaced) == 2
    calls = []
    for layer in (*inserted.values(), *replaced.values()):
        layer.register_forward_hook(lambda *args: calls.append(1))
    model(IMAGES)
    assert len(calls) == 6


def test_hooks_of_the_place_see_what_leaves_it_and_can_be_removed():
    model, seen = resnet().eval(), []
    handle = model.layer1[0].bn2.register_forward_hook(lambda module, args, output: seen.append(output))
    layer, = insert_after(model, "layer1.0.bn2", MassAtt).values()
    layer.register_forward_hook(lambda module, args, output: seen.append(output))
    seen.clear()  # of surgery's own runs
    with torch.no_grad():
        model(IMAGES)
        handle.remove()
        model(IMAGES)
    assert len(seen) == 3 and seen[0] is seen[1]


def state_of(model):
    """All that surgery could change in a host: names, objects, modes, weights, hooks, attributes, random numbers."""
    modules = [(name, id(module), module.training, sorted(vars(module)), len(module._forward_hooks))
               for name, module in model.named_modules(remove_duplicate=False)]
    weights = {name: value.numpy().tobytes() for name, value in model.state_dict().items()}
    return modules, weights, torch.get_rng_state().numpy().tobytes()


class Odd(nn.Conv2d):
    def __init__(self, channels):
        super().__init__(channels, channels + 1, 1)


ONE = nn.ReLU()


def failing_at(call):
    made = []

    def factory(channels):
        made.append(channels)
        if len(made) == call:
            raise ValueError("no more layers")
        return MassAtt(channels)
    return factory


@small_resnet
@pytest.mark.parametrize(("change", "message"), [
    (lambda m: insert_after(m, "layer?", failing_at(3)), "no more layers"),
    (lambda m: insert_after(m, "layer?.0.bn2", Odd), r"the Odd for layer1.0.bn2 changes the shape of its input, "
     r"\[1, 32, 40, 40\] to \[1, 33, 40, 40\]"),
    (lambda m: insert_after(m, "layer?", lambda channels: nn.Conv2d(channels + 1, channels, 1)),
     "the Conv2d for layer1 does not take .*: .*expected input"),
    (lambda m: insert_after(m, "layer?", lambda channels: None), "the factory gave NoneType for layer1, expected"),
    (lambda m: insert_after(m, "layer?", lambda channels: m.act1), "a ReLU for layer1 that is in the model already"),
    (lambda m: insert_after(m, "layer?.0.bn1", lambda channels: ONE), "for layer2.0.bn1 that is in the model already"),
    (lambda m: replace_modules(m, nn.BatchNorm2d, failing_at(5)), "no more layers"),
    (lambda m: replace_modules(m, nn.BatchNorm2d, Odd), "the Odd for conv1.1 changes the shape"),
])
@pytest.mark.parametrize("training", [True, False])
def test_what_fails_leaves_the_host_as_it_was(change, message, training):
    torch.manual_seed(0)
    model = timm.create_model("test_resnet").train(training)
    model.layer2.eval()
    model.layer1[0].bn2.register_forward_hook(lambda *args: None)
    before = state_of(model)
    with pytest.raises(Exception, match=message):
        change(model)
    assert state_of(model) == before


@pytest.mark.parametrize(("change", "message"), [
    (lambda m: insert_after(m, "relu", MassAtt), "relu is called 3 times; choose another module"),
    (lambda m: insert_after(m, "twice", MassAtt), "twice is called 2 times; choose another module"),
    (lambda m: insert_after(m, "also_hidden", MassAtt), "Calls does not call the MassAtt for also_hidden"),
    (lambda m: insert_after(m, "*", MassAtt), "relu is called 3 times"),
    (lambda m: replace_modules(m, (nn.Conv2d, nn.ReLU), MassAtt), "changes the shape of its input"),
    (lambda m: replace_modules(m, Neck, MassAtt), r"the input of neck is not \(N, C, H, W\) but list")])
def test_modules_that_are_not_called_once_by_their_place_are_refused(change, message):
    model = Calls()
    before = state_of(model)
    with pytest.raises(ValueError, match=message):
        change(model)
    assert state_of(model) == before


def test_a_model_that_is_wrapped_already_is_refused():
    class DistributedDataParallel(nn.Sequential):  # the real one needs processes
        pass
    with pytest.raises(ValueError, match="put the layers in before the model is wrapped"):
        insert_after(DistributedDataParallel(resnet()), "0.layer1", MassAtt)


def test_what_succeeds_uses_random_numbers_for_the_new_layers_alone():
    model = resnet().train()
    torch.manual_seed(1)
    insert_after(model, "layer1", MassAtt)
    after = torch.get_rng_state()
    torch.manual_seed(1)
    MassAtt(64)
    assert torch.equal(torch.get_rng_state(), after)
