"""The form for inference, fused or compiled, gives what the plain model gives; differences are what they say."""
import copy

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, prune, spectral_norm, weight_norm

from lanmsff_plugins import LANMSFF
from lanmsff_plugins.base import compat
from lanmsff_plugins.export import compare_outputs, export_onnx, for_inference, run_torch

from .conftest import images


@torch.no_grad()
def test_the_form_for_inference_is_a_copy_that_gives_the_same(model):
    names = list(model.state_dict())
    fast = for_inference(model)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in fast.modules())
    torch.testing.assert_close(fast(images(64, 80)), model(images(64, 80)), rtol=1e-5, atol=1e-5)
    assert list(model.state_dict()) == names and isinstance(model.blocks[0].shrink[0], nn.MaxPool2d)


@torch.no_grad()
def test_an_activation_that_does_not_commute_with_the_pool_stays_behind_it():
    model = LANMSFF(act_layer=nn.SiLU).eval()
    torch.testing.assert_close(for_inference(model)(images(64, 64)), model(images(64, 64)), rtol=1e-5, atol=1e-5)


@torch.no_grad()
@pytest.mark.slow
def test_the_compiled_network_gives_the_same(model):
    for each in (model, for_inference(model)):
        torch.testing.assert_close(torch.compile(each)(images(64, 64)), model(images(64, 64)), rtol=1e-5, atol=1e-5)


def test_a_model_is_evaluated_amid_its_training_which_goes_on_as_before():
    """Also for a norm that is frozen: other tools' train() afterwards would have it learn again."""
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.BatchNorm2d(4), nn.Dropout())
    model[1].eval()
    expected = copy.deepcopy(model).eval()(images(8, 8))
    torch.testing.assert_close(run_torch(model)(images(8, 8)), expected.detach(), rtol=0, atol=0)
    assert [module.training for module in (model, *model)] == [True, True, False, True, True]


def test_a_difference_is_what_it_says():
    difference = compare_outputs(torch.tensor([[0., 1.], [2., 0.]]), torch.tensor([[0., 1.], [2., 2.5]]))
    assert difference.logits == 2.5 and difference.agreement == 0.5 and difference.images == 2
    assert difference.probabilities == pytest.approx(torch.sigmoid(torch.tensor(2.)) - torch.sigmoid(torch.tensor(-.5)))


@pytest.mark.parametrize("trained_on", [False, True])
@pytest.mark.parametrize("reparametrize", [
    lambda layer: prune.l1_unstructured(layer, "weight", 0.5), weight_norm, spectral_norm, parametrizations.weight_norm,
    parametrizations.spectral_norm], ids=["pruned", "weight norm", "spectral norm", "parametrized", "parametrized sn"])
def test_pruned_and_normed_weights_are_plain_in_the_form_for_inference(reparametrize, trained_on):
    torch.manual_seed(0)
    model = LANMSFF(channels=(12, 12, 12, 12))
    for layer in (model.blocks[0].conv1.conv, model.blocks[1].attn.up1, model.blocks[3].conv.conv, model.head.fc):
        reparametrize(layer)
    model(images(32, 32)).sum().backward()  # the modules now hold weights that are no leaves
    if trained_on:
        torch.optim.SGD(model.parameters(), lr=1e-4).step()  # and that are those of the step before
    names = list(model.state_dict())
    fast = for_inference(model)
    with torch.no_grad():
        expected = model.eval()(images(32, 32))
        torch.testing.assert_close(fast(images(32, 32)), expected, rtol=1e-4, atol=1e-4 * expected.abs().max().item())
        assert list(model.state_dict()) == names and not any(module._forward_pre_hooks for module in fast.modules())
        assert fast.state_dict().keys() == for_inference(LANMSFF(channels=(12, 12, 12, 12))).state_dict().keys()


@pytest.mark.skipif(compat.version("torch") >= (2, 5), reason="this torch exports")
def test_an_older_torch_refuses_to_export_and_leaves_no_file(model, tmp_path):
    with pytest.raises(ImportError, match="Export to ONNX needs torch 2.5, got 2.4"):
        export_onnx(model, tmp_path / "lanmsff.onnx")
    assert not list(tmp_path.iterdir())
