"""LANMSFF with its batch norms folded gives what it gave, and is a network as any other."""
import copy
import pickle

import pytest
import torch
from timm.utils import reparameterize_model
from torch import nn

from lanmsff_plugins import LANMSFF


def images(height=64, width=64, batch=2):
    return torch.rand(batch, 1, height, width, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def trained():
    """A network whose statistics are not those it started with."""
    torch.manual_seed(0)
    model = LANMSFF().eval()
    for norm in model.modules():
        if isinstance(norm, nn.BatchNorm2d):
            nn.init.normal_(norm.running_mean, std=0.1)
            nn.init.uniform_(norm.running_var, 0.02, 2)
            nn.init.uniform_(norm.weight, 0.5, 1.5)
            nn.init.normal_(norm.bias, std=0.1)
    return model


@pytest.fixture
def fused(trained):
    return copy.deepcopy(trained).fuse()


@torch.no_grad()
@pytest.mark.parametrize("size", [(64, 64), (48, 57)])
def test_the_fused_network_is_the_same_to_a_hundred_thousandth(trained, fused, size):
    assert not any(isinstance(m, nn.BatchNorm2d) for m in fused.modules())
    expected = trained(images(*size))
    assert expected.std() > 0.01  # so that the bound says something
    torch.testing.assert_close(fused(images(*size)), expected, rtol=0, atol=1e-5)
    torch.testing.assert_close(fused.forward_intermediates(images(*size)), trained.forward_intermediates(images(*size)),
                               rtol=1e-5, atol=1e-5)


@torch.no_grad()
def test_the_authors_network_fused_gives_the_authors_probabilities(parity):
    model, keras = parity
    torch.testing.assert_close(
        copy.deepcopy(model).fuse()(keras["x"]).softmax(1), keras["probs"], rtol=0, atol=1e-5)


@torch.no_grad()
def test_timm_fuses_a_copy(trained, fused):
    ours = reparameterize_model(trained)
    torch.testing.assert_close(ours.state_dict(), fused.state_dict(), rtol=0, atol=0)
    within = reparameterize_model(nn.Sequential(trained))  # there it is a child, and asked itself
    assert torch.equal(within(images()), fused(images()))
    assert any(isinstance(m, nn.BatchNorm2d) for m in trained.modules())


@torch.no_grad()
@pytest.mark.parametrize("change", [
    torch.jit.script, torch.fx.symbolic_trace, copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model)),
    lambda model: model.to(memory_format=torch.channels_last), lambda model: model.fuse(),
    lambda model: torch.export.export(model, (images(batch=3),)).module()],
    ids=["script", "fx", "deepcopy", "pickle", "channels_last", "fuse again", "export"])
def test_a_fused_network_can_be_changed_as_any_other(fused, change):
    expected = fused(images(batch=3))
    torch.testing.assert_close(change(fused)(images(batch=3)), expected, rtol=1e-5, atol=1e-6)


@torch.no_grad()
def test_a_fused_network_is_cut_and_initialised_as_any_other(fused):
    expected = fused.forward_blocks(images())[1]
    fused.prune_intermediate_layers([1])
    assert torch.equal(fused(images()), expected)
    fused.reset_parameters()
    assert not fused.blocks[0].conv1.conv.bias.any()


def test_a_fused_network_s_weights_are_not_taken_for_others(trained, fused):
    with pytest.raises(RuntimeError, match="Missing key.*norm.running_mean"):
        copy.deepcopy(trained).load_state_dict(fused.state_dict())
    with pytest.raises(RuntimeError, match="Unexpected key.*norm.running_mean"):
        fused.load_state_dict(trained.state_dict())
