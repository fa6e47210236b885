"""Methods of hosts that freeze or fold what stands below them, and the new layers there."""
import copy
import logging
import pickle

import pytest
import torch
from torch import nn

from lanmsff_plugins import MassAtt
from lanmsff_plugins.hosts.guards import guard, mark
from lanmsff_plugins.hosts.surgery import insert_after, replace_modules

SHAPE = (3, 16, 16)


class Branches(nn.Module):
    """Two branches that fold into one convolution."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv2d(8, 8, 1), nn.Conv2d(8, 8, 1)
        self.act = nn.ReLU()

    def forward(self, x):
        return self.act(self.a(x) + self.b(x) if hasattr(self, "b") else self.a(x))

    def reparameterize(self):
        with torch.no_grad():
            self.a.weight += self.b.weight
            self.a.bias += self.b.bias
        del self.b


class Frozen(nn.Module):
    """A host that freezes its first stage in train(), as those of OpenMMLab do."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3)
        self.stage = nn.Sequential(Branches(), nn.BatchNorm2d(8))

    def forward(self, x):
        return self.stage(self.stem(x))

    def train(self, mode=True):
        super().train(mode)
        self.stage.eval()
        self.stage.requires_grad_(False)
        return self


@pytest.fixture
def model():
    torch.manual_seed(0)
    return Frozen().train()


def host_learns(model):
    return any(parameter.requires_grad for name, parameter in model.stage.named_parameters() if "plugin" not in name)


@pytest.mark.parametrize("copied", [lambda model: model, copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))],
                         ids=["itself", "deepcopy", "pickle"])
@pytest.mark.parametrize("pattern", ["stage", "stage.0", "stage.1", "stage.0.act"])
def test_a_layer_in_a_frozen_stage_learns_and_the_stage_stays_frozen(model, pattern, copied):
    insert_after(model, pattern, MassAtt, input_shape=SHAPE)
    model = copied(model)
    for mode in (True, False, True):
        outer = nn.Sequential(model).train(mode)
        layer, = (module for module in model.modules() if isinstance(module, MassAtt))
        assert layer.training is mode and all(parameter.requires_grad for parameter in layer.parameters())
        assert not host_learns(model) and not model.stage[1].training
    outer(torch.rand(2, *SHAPE)).square().sum().backward()
    assert all(parameter.grad is not None for parameter in layer.parameters())


def test_a_new_layer_that_the_user_froze_stays_frozen(model):
    layer, = insert_after(model, "stage.1", MassAtt, input_shape=SHAPE).values()
    layer.requires_grad_(False)
    model.train()
    assert not any(parameter.requires_grad for parameter in layer.parameters())


def test_a_layer_that_replaces_one_in_a_frozen_stage_learns(model):
    layer, = replace_modules(model, nn.ReLU, MassAtt, SHAPE).values()
    model.train()
    assert layer.training and all(parameter.requires_grad for parameter in layer.parameters())


@pytest.mark.parametrize(("pattern", "folds"), [
    ("stage.0", True), ("stage.0.act", True), ("stage", True), ("stage.0.a", False), ("stage.0.b", False)])
def test_a_block_is_folded_if_that_keeps_the_layer_and_left_with_a_warning_otherwise(model, pattern, folds, caplog):
    insert_after(model.eval(), pattern, MassAtt, input_shape=SHAPE)
    images = torch.rand(2, *SHAPE)
    with torch.no_grad(), caplog.at_level(logging.WARNING):
        expected = model(images)
        block = model.stage[0] if pattern != "stage.0" else model.stage[0].get_submodule("_host")
        state = torch.get_rng_state()
        block.reparameterize()
        assert torch.equal(torch.get_rng_state(), state)
        torch.testing.assert_close(model(images), expected)
    assert hasattr(block, "b") is not folds
    warned = [message.split(":")[0] for message in caplog.messages]
    assert warned == ([] if folds else [
        f"Branches is not folded by reparameterize(), which cannot keep the layers put at {pattern}"])


def test_a_folding_that_fails_by_itself_changes_nothing_and_the_warning_says_why(caplog):
    class Fails(Branches):
        def fuse(self):
            self.a.weight.data.zero_()
            raise ValueError("no way")
    model = nn.Sequential(nn.Conv2d(3, 8, 1), Fails())
    insert_after(model, "1.act", MassAtt, input_shape=SHAPE)
    assert model[1].fuse() is model[1] and model[1].a.weight.any()
    assert caplog.messages == ["Fails is not folded by fuse(), which cannot keep the layers put at 1.act: no way"]


def test_a_method_of_that_name_with_arguments_is_no_folding():
    class Fuses(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 8, 1)

        def forward(self, x):
            return self.fuse(self.conv(x))

        def fuse(self, x):
            return 2 * x
    model = Fuses()
    layer, = insert_after(model, "conv", MassAtt, input_shape=SHAPE).values()
    x = torch.rand(1, *SHAPE)
    torch.testing.assert_close(model(x), 2 * layer(model.conv.get_submodule("_host")(x)))


def test_only_what_holds_a_layer_is_guarded_and_once(model):
    layer = model.stage[0].act
    mark(layer, "stage.0.act")
    assert guard(model, [layer]) == [(model, "train"), (model.stage[0], "reparameterize")]
    assert guard(model, [layer]) == []
