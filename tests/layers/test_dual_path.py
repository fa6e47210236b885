"""The dual path shuffles, splits, and looks at two scales in each of three stages."""
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from lanmsff_plugins import DualPath
from lanmsff_plugins.layers.dual_path import _channel_shuffle

from . import references

EVEN = st.integers(1, 3).map(lambda n: 2 * n)


def randomise(layer):
    """Weights and running statistics that are not those of the start."""
    for name, value in layer.state_dict().items():
        if "running_var" in name:
            value.uniform_(0.5, 2)
        elif value.is_floating_point():
            value.normal_()
    return layer.double().eval()


@settings(max_examples=10, deadline=None)
@given(EVEN, EVEN, st.integers(1, 5), st.integers(1, 5))
@torch.no_grad()
def test_it_is_the_papers_definition(in_channels, out_channels, height, width):
    layer = randomise(DualPath(in_channels, out_channels))
    x = torch.randn(1, in_channels, height, width, dtype=torch.float64)
    expected = references.dual_path(x[0].numpy(), references.arrays(layer))
    torch.testing.assert_close(layer(x)[0], torch.from_numpy(expected))


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 50), st.integers(1, 5))
def test_the_shuffle_is_shufflenets(half, side):
    x = torch.rand(2, 2 * half, side, side)
    assert torch.equal(_channel_shuffle(x), nn.ChannelShuffle(2)(x))


@pytest.mark.parametrize(("into", "out"), [(66, 72), (78, 84)])
def test_it_has_the_parameters_of_six_convolutions_and_their_norms(into, out):
    half = out // 2
    stage1, stage3 = (9 * channels * half + half for channels in (into // 2, out))
    stage2 = 9 * out + out * half + half
    path = stage1 + stage2 + stage3 + 3 * 2 * half
    assert sum(p.numel() for p in DualPath(into, out).parameters()) == 2 * path


@torch.no_grad()
def test_norm_and_activation_can_be_changed():
    layer = DualPath(4, 6, norm_layer=nn.InstanceNorm2d, act_layer=nn.Tanh)
    assert layer(torch.randn(2, 4, 5, 5)).min() < 0
    assert not any(isinstance(module, nn.BatchNorm2d) for module in layer.modules())


@pytest.mark.parametrize("channels", [(3, 4), (4, 3), (0, 4), (4, 0)])
def test_channels_that_do_not_split_in_two_are_refused_by_name(channels):
    with pytest.raises(ValueError, match=f"got in_channels={channels[0]}, out_channels={channels[1]}; make both even"):
        DualPath(*channels)
