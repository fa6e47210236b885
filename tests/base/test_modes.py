"""A model is evaluated for a while, and each part of it is then as it was."""
import pytest
from torch import nn

from lanmsff_plugins.base.modes import evaluating


def test_each_part_is_back_in_its_own_mode_also_after_an_error():
    model = nn.Sequential(nn.BatchNorm2d(2), nn.Sequential(nn.BatchNorm2d(2), nn.Dropout()))
    model[1][0].eval()
    with pytest.raises(KeyError):
        with evaluating(model):
            assert not any(module.training for module in model.modules())
            raise KeyError
    assert [module.training for module in model.modules()] == [True, True, True, False, True]


def test_a_model_in_evaluation_mode_stays_in_it():
    model = nn.Sequential(nn.BatchNorm2d(2)).eval()
    with evaluating(model):
        pass
    assert not any(module.training for module in model.modules())
