"""A module and the layers behind it: the place looks as it did before."""
import copy

import pytest
import torch
from torch import nn

from lanmsff_plugins.hosts.extended import Extended, HostName


class Block(nn.Module):
    def __init__(self, channels=4):
        super().__init__()
        self.conv, self.bn = nn.Conv2d(channels, channels, 1), nn.BatchNorm2d(channels)
        self.gamma = nn.Parameter(torch.rand(1, channels, 1, 1))
        self.grad_checkpointing = False

    def forward(self, x, scale=1.):
        return self.gamma * self.bn(self.conv(x)) * scale

    def fuse(self):
        return self.conv


def extend(model, name, layer):
    extended = Extended(model.get_submodule(name))
    parent, _, last = name.rpartition(".")
    setattr(model.get_submodule(parent), last, extended)
    extended.add_module("more", layer)
    return extended


@pytest.fixture
def model():
    torch.manual_seed(0)
    return nn.Sequential(Block(), Block()).eval()


@pytest.fixture
def nested(model):
    extend(model, "0.bn", nn.Conv2d(4, 4, 1))
    extend(model, "0", nn.Conv2d(4, 4, 1))
    return model


def test_the_host_takes_whatever_the_place_is_called_with(model):
    x, block = torch.rand(2, 4, 5, 5), model[0]
    extended = extend(model, "0", nn.Sigmoid())
    torch.testing.assert_close(extended(x=x, scale=2.), block(x, scale=2.).sigmoid())


def test_names_are_those_of_the_host_and_lead_to_what_they_name(model):
    before = copy.deepcopy(model)
    extend(model, "0.bn", nn.Conv2d(4, 4, 1))
    extend(model, "0", nn.Conv2d(4, 4, 1))
    for names in (nn.Module.state_dict, lambda m: dict(m.named_parameters()), lambda m: dict(m.named_buffers()),
                  lambda m: dict(m.named_parameters(remove_duplicate=False))):
        assert [name for name in names(model) if "more" not in name] == list(names(before))
    assert all(model.get_parameter(name) is parameter for name, parameter in model.named_parameters())
    assert all(model.get_submodule(name) is module for name, module in model.named_modules())
    assert len({name for name, _ in model.named_modules()}) == len(list(model.modules()))
    assert [name for name, _ in model[0].named_parameters()][:2] == ["gamma", "conv.weight"]


@pytest.mark.parametrize("library", ["torch", "mmengine"])
def test_state_dicts_are_saved_and_loaded_by_the_names_of_the_host(nested, library):
    save, load = nn.Module.state_dict, nn.Module.load_state_dict
    if library == "mmengine":  # which walks through the tree by itself
        checkpoint = pytest.importorskip("mmengine.runner.checkpoint")
        save, load = checkpoint.get_state_dict, checkpoint.load_state_dict
    state = {name: torch.rand_like(value) if value.is_floating_point() else value + 1
             for name, value in nn.Sequential(Block(), Block()).state_dict().items()}
    load(nested, state, strict=False)
    saved = save(nested)
    assert all(torch.equal(saved[name], value) for name, value in state.items())
    assert {name for name in saved if name not in state} == {
        "0.more.weight", "0.more.bias", "0.bn.more.weight", "0.bn.more.bias"}
    load(nested, saved, strict=True)


def test_keys_that_do_not_fit_are_reported_by_the_names_of_the_host(nested):
    state = nested.state_dict()
    del state["0.bn.weight"], state["0.conv.bias"]
    missing, unexpected = nested.load_state_dict(
        {**state, "0.bn.odd": torch.zeros(1), "0.odd": torch.zeros(1)}, strict=False)
    assert set(missing) == {"0.bn.weight", "0.conv.bias"} and set(unexpected) == {"0.bn.odd", "0.odd"}


def test_attributes_of_the_host_are_read_and_set_through_the_place(nested):
    block = nested[0]
    assert block.bn.num_features == 4 and block.conv.weight is block.get_submodule("_host").conv.weight
    block.grad_checkpointing = True
    block.bn.eps = 0.5
    block.conv = nn.Conv2d(4, 4, 1, bias=False)
    host = block.get_submodule("_host")
    assert host.grad_checkpointing and host.bn.get_submodule("_host").eps == 0.5 and host.conv.bias is None
    block.forward = None  # the place's own
    assert host.forward is not None
    with pytest.raises(AttributeError, match="odd"):
        _ = block.odd


def test_the_host_s_way_to_be_folded_is_not_that_of_the_place(nested):
    assert not hasattr(nested[0], "fuse") and hasattr(nested[0].get_submodule("_host"), "fuse")


def test_a_copy_by_the_host_s_own_way_is_none_of_the_place():
    class Copies(nn.Identity):
        def __deepcopy__(self, memo):
            return Copies()
    extended = Extended(Copies())
    extended.add_module("more", nn.ReLU())
    assert len(list(copy.deepcopy(extended).children())) == 2


def test_initialisation_reaches_the_host_and_the_layers():
    class Initialised(nn.Identity):
        def init_weights(self):
            self.done = True
    extended = Extended(Initialised())
    extended.add_module("more", Initialised())
    extended.init_weights()
    assert all(child.done for child in extended.children())


def test_the_name_of_a_host_is_continued_as_the_name_of_its_place():
    assert HostName("a.b._host") + "." + "weight" == "a.b.weight"
    assert HostName("_host") + "." + "weight" == "weight"
    assert HostName("a._host") == "a._host"
