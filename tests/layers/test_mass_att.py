"""MassAtt gates its input by the two maps of the paper, at any size and in any of timm's slots."""
import math
from functools import partial

import pytest
import timm
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from lanmsff_plugins import MassAtt
from lanmsff_plugins.measure.dispatch import count_operators

from ..versions import needs
from . import references

tiny = needs("timm", "1.0.8", "test_efficientnet")
SIDES = st.sampled_from([1, 2, 3, 4, 5, 6, 7, 8, 9, 12])


def random_double(channels, height, width, batch=2, **kwargs):
    """A layer whose biases are not zero, and an input, both in double."""
    layer = MassAtt(channels, **kwargs, dtype=torch.float64)
    for name, parameter in layer.named_parameters():
        if name.endswith("bias"):
            nn.init.normal_(parameter)
    return layer, torch.randn(batch, channels, height, width, dtype=torch.float64)


def assert_is_the_definition(layer, x):
    weights = references.arrays(layer)
    out, maps = layer(x), layer.attention_maps(x)
    for n, sample in enumerate(x.numpy()):
        channel, spatial = map(torch.from_numpy, references.mass_att(sample, weights))
        torch.testing.assert_close(maps[0][n, :, 0, 0], channel)
        torch.testing.assert_close(maps[1][n, 0], spatial)
        torch.testing.assert_close(out[n], x[n] * channel[:, None, None] * spatial)


@settings(max_examples=25, deadline=None)
@given(channels=st.integers(1, 9), height=SIDES, width=SIDES, seed=st.integers(0, 99))
@torch.no_grad()
def test_it_is_the_papers_definition_at_any_size(channels, height, width, seed):
    torch.manual_seed(seed)
    assert_is_the_definition(*random_double(channels, height, width))


@torch.no_grad()
@pytest.mark.parametrize(("height", "width"), [(63, 64), (1, 63)])
def test_it_is_the_papers_definition_on_large_maps(height, width):
    torch.manual_seed(0)
    assert_is_the_definition(*random_double(6, height, width, batch=1))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_the_convolutions_pad_as_a_padding_before_them_would(dtype):
    """Which is what is left where something hooks them."""
    torch.manual_seed(0)
    alone, hooked = MassAtt(3, dtype=dtype), MassAtt(3, dtype=dtype)
    hooked.load_state_dict(alone.state_dict())
    for conv in (hooked.down1, hooked.down2):
        conv.register_forward_hook(lambda *_: None)
    for side in range(1, 64):
        x = torch.randn(1, 3, side, 9, dtype=dtype)
        for each in (x, x.transpose(2, 3), x.contiguous(memory_format=torch.channels_last)):
            torch.testing.assert_close(alone(each), hooked(each), rtol=0, atol=10 * torch.finfo(dtype).eps)


@pytest.mark.parametrize("size", [(16, 16), (14, 14), (7, 5)])
def test_a_forward_pass_is_sixteen_operators_and_none_of_them_pads(size):
    layer, x = MassAtt(12), torch.randn(2, 12, *size)
    with torch.no_grad():
        found = count_operators(lambda: layer(x))
    assert found == {"aten.mean.dim": 2, "aten.addmm.default": 2, "aten.convolution.default": 4, "aten.relu.default": 4,
                     "aten.sigmoid.default": 2, "aten.mul.Tensor": 1, "aten.mul_.Tensor": 1}


@settings(max_examples=25, deadline=None)
@given(channels=st.integers(1, 40), height=st.integers(1, 70), width=st.integers(1, 70))
@torch.no_grad()
def test_the_output_has_the_inputs_shape(channels, height, width):
    assert MassAtt(channels)(torch.rand(1, channels, height, width)).shape == (1, channels, height, width)


@torch.no_grad()
def test_forward_multiplies_by_the_maps_which_lie_between_0_and_1():
    torch.manual_seed(0)
    layer, x = random_double(12, 10, 7)
    channel, spatial = layer.attention_maps(x)
    assert channel.shape == (2, 12, 1, 1) and spatial.shape == (2, 1, 10, 7)
    assert all(0 < m.min() and m.max() < 1 for m in (channel, spatial))
    torch.testing.assert_close(layer(x), x * channel * spatial)


@torch.no_grad()
def test_a_sample_does_not_see_the_others_of_its_batch():
    layer, x = random_double(8, 5, 6, batch=3)
    torch.testing.assert_close(layer(x), torch.cat([layer(sample[None]) for sample in x]))


@torch.no_grad()
def test_the_channel_map_sees_no_place_and_the_spatial_map_no_channel():
    layer, x = random_double(6, 8, 8)
    torch.testing.assert_close(layer.channel_attention(x.flip(2)), layer.channel_attention(x))
    torch.testing.assert_close(layer.spatial_attention(x.flip(1)), layer.spatial_attention(x))


def test_gradients_of_input_and_parameters_are_right():
    torch.manual_seed(0)
    layer, x = random_double(4, 5, 6, act_layer=nn.Tanh)  # smooth, so that finite differences see no kink
    names, parameters = zip(*layer.named_parameters())

    def forward(x, *parameters):
        return torch.func.functional_call(layer, dict(zip(names, parameters)), x)

    assert torch.autograd.gradcheck(forward, (x.requires_grad_(), *parameters), fast_mode=True)


@torch.no_grad()
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_autocast_is_exact_on_numbers_that_the_type_can_hold(dtype):
    generator = torch.Generator().manual_seed(0)
    layer = MassAtt(8, gate_layer=nn.Identity)
    for parameter in layer.parameters():  # few and small, so that no sum needs more than 8 bits
        parameter.copy_(torch.randint(-1, 2, parameter.shape, generator=generator) / 2)
    x = torch.randint(-1, 2, (2, 8, 4, 4), generator=generator).float()
    expected = layer.double().attention_maps(x.double())
    with torch.autocast("cpu", dtype):
        maps = layer.float().attention_maps(x)
    for got, exact in zip(maps, expected):
        assert exact.std() > 0 and got.dtype is dtype
        torch.testing.assert_close(got.double(), exact, rtol=0, atol=0)


@pytest.mark.parametrize(("channels", "parameters"), [(72, 2_963), (84, 3_914)])
def test_it_has_the_papers_number_of_parameters(channels, parameters):
    assert sum(p.numel() for p in MassAtt(channels).parameters()) == parameters


@pytest.mark.parametrize(("name", "limit"), [
    ("fc1.weight", math.sqrt(6 / (16 + 4))), ("fc2.weight", math.sqrt(6 / (4 + 16))),  # Glorot
    ("down1.weight", math.sqrt(6 / 9)), ("down2.weight", math.sqrt(6 / 18)),  # He
    ("up1.weight", math.sqrt(6 / (9 * (4 + 4)))), ("up2.weight", math.sqrt(6 / (9 * (4 + 1))))])
def test_weights_start_uniform_within_the_limits_of_keras(name, limit):
    torch.manual_seed(0)
    weights = torch.stack([MassAtt(16).state_dict()[name] for _ in range(100)])
    assert 0.98 * limit < weights.abs().max() <= limit  # of 1,800 draws, so the largest is near the limit
    assert weights.std() == pytest.approx(limit / math.sqrt(3), rel=0.05)


def test_biases_start_at_zero():
    assert all(not p.any() for name, p in MassAtt(16).named_parameters() if name.endswith("bias"))


@pytest.mark.parametrize(("kwargs", "width"), [
    ({}, 16), ({"rd_ratio": 1 / 16}, 4), ({"rd_ratio": 1.0}, 67), ({"rd_ratio": 1 / 100}, 1),
    ({"rd_channels": 5}, 5), ({"rd_divisor": 8}, 16), ({"rd_ratio": 0.3, "rd_divisor": 8}, 16),
    ({"rd_ratio": 0.01, "rd_divisor": 8}, 8)])
def test_the_squeezed_width_is_a_share_of_the_channels_rounded_down(kwargs, width):
    layer = MassAtt(67, **kwargs)
    assert (layer.fc1.out_features, layer.fc2.in_features) == (width, width)


@torch.no_grad()
def test_activation_and_gate_can_be_given_by_name_or_class():
    torch.manual_seed(0)
    x = torch.randn(2, 8, 6, 6)
    layer = MassAtt(8, act_layer="silu", gate_layer=nn.Hardtanh)
    assert isinstance(layer.act, nn.SiLU)
    assert any(m.min() < 0 for m in MassAtt(8, gate_layer=nn.Tanh).attention_maps(x))
    assert layer(x).shape == x.shape


@torch.no_grad()
@pytest.mark.parametrize(("model", "slot"), [
    ("resnet10t", {"block_args": {"attn_layer": MassAtt}}),
    pytest.param("test_efficientnet", {"se_layer": MassAtt}, marks=tiny),
    pytest.param("test_efficientnet", {"se_layer": partial(MassAtt, rd_divisor=8)}, marks=tiny),
    ("gernet_s", {"attn_layer": MassAtt})])
def test_it_fits_the_attention_slots_of_timm(model, slot):
    host = timm.create_model(model, num_classes=5, **slot).eval()
    assert any(isinstance(module, MassAtt) for module in host.modules())
    assert host(torch.rand(1, 3, 64, 64)).shape == (1, 5)


def test_timms_probe_of_eight_channels_builds():
    assert MassAtt(8, rd_ratio=1.0)(torch.rand(1, 8, 3, 3)).shape == (1, 8, 3, 3)


@pytest.mark.parametrize("channels", [0, -4])
def test_no_channels_are_refused_by_name(channels):
    with pytest.raises(ValueError, match=f"MassAtt needs at least one channel, got channels={channels}"):
        MassAtt(channels)


def test_a_misspelt_keyword_is_refused():
    with pytest.raises(TypeError, match="rd_ration"):
        MassAtt(8, rd_ration=0.5)
