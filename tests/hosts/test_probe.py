"""One forward pass that says how modules are called, and leaves no trace."""
import copy

import pytest
import torch
from torch import nn

from lanmsff_plugins.hosts.probe import Call, watch


class Host(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.bn, self.drop = nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Dropout()
        self.listed = Second()
        self.register_buffer("steps", torch.zeros(()))

    def forward(self, x):
        self.steps += 1
        x = self.bn(self.conv(input=x)) + torch.rand(())
        return self.drop(self.drop(self.listed([x, x])).mean((2, 3)))


class Second(nn.Module):
    def forward(self, features):
        return features[1]


def test_each_call_is_noted_with_what_entered_and_what_left():
    model = Host()
    calls = watch(model, dict(model.named_children()), (1, 8, 8))
    image, features = torch.Size([1, 1, 8, 8]), torch.Size([1, 4, 6, 6])
    assert calls["conv"] == [Call(image, features)] and calls["listed"] == [Call("list", features)]
    assert calls["drop"] == [Call(features, features), Call(torch.Size([1, 4]), torch.Size([1, 4]))]


def test_the_pass_leaves_no_trace():
    model = Host().train()
    model.bn.eval()
    before, random = copy.deepcopy(model.state_dict()), torch.get_rng_state()
    steps = model.steps
    watch(model, dict(model.named_children()), (1, 8, 8))
    torch.testing.assert_close(model.state_dict(), before, rtol=0, atol=0)
    assert model.steps is steps and torch.equal(torch.get_rng_state(), random)
    assert model.training and not model.bn.training and not model.conv._forward_hooks


def test_a_pass_that_fails_leaves_none_either():
    model = Host().train()
    with pytest.raises(RuntimeError):
        watch(model, {"conv": model.conv}, (3, 8, 8))
    assert model.training and not model.conv._forward_hooks


@pytest.mark.parametrize(("input_shape", "size"), [(None, [1, 1, 222, 222]), ((1, 9, 8), [1, 1, 7, 6])])
def test_the_image_is_that_of_the_first_convolution_or_as_given(input_shape, size):
    model = nn.Sequential(nn.Conv2d(1, 1, 3))
    assert list(watch(model, {"0": model[0]}, input_shape)["0"][0].left) == size


def test_a_model_that_tells_no_image_is_refused():
    with pytest.raises(ValueError, match="Sequential has no convolution to tell its input channels; give input_shape"):
        watch(nn.Sequential(nn.ReLU()), {}, None)
