"""The running average is MMEngine's, to the last bit, in few operators."""
import pytest
import torch
from mmengine.model import ExponentialMovingAverage as MMEngines
from torch import nn

from lanmsff_plugins.measure.dispatch import count_operators
from lanmsff_plugins.mm.engine.averaging import ExponentialMovingAverage


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Conv2d(4, 5, 1))


@pytest.mark.parametrize("settings", [dict(), dict(update_buffers=True), dict(update_buffers=True, interval=2)])
def test_five_updates_are_those_of_mmengine(settings):
    model = network()
    ours, theirs = (kind(model, momentum=0.1, **settings) for kind in (ExponentialMovingAverage, MMEngines))
    for _ in range(5):
        model(torch.rand(2, 3, 8, 8))  # the statistics follow
        with torch.no_grad():
            for p in model.parameters():
                p.add_(torch.randn_like(p))
        ours.update_parameters(model)
        theirs.update_parameters(model)
    torch.testing.assert_close(ours.state_dict(), theirs.state_dict(), rtol=0, atol=0)
    assert not torch.equal(ours.module[0].weight, model[0].weight)


def test_an_update_is_one_operator_and_a_count():
    model = network()
    average = ExponentialMovingAverage(model, momentum=0.1, update_buffers=True)
    average.update_parameters(model)
    found = count_operators(lambda: average.update_parameters(model))
    assert found == {"aten._foreach_lerp_.Scalar": 1, "aten._local_scalar_dense.default": 1, "aten.add_.Tensor": 1}
