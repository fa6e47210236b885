"""Quaternion convolutions as convolutions of PyTorch, at their start, and in our blocks and MMCV's."""
import pytest
import torch
from torch import nn

from lanmsff_plugins.layers import ConvNormAct, DualPath, QuaternionConv2d
from lanmsff_plugins.layers.quaternion import QuaternionConv1d


@torch.no_grad()
@pytest.mark.parametrize("kwargs", [
    {"padding": 1}, {"stride": 2, "padding": 1}, {"padding": 2, "dilation": 2}, {"padding": "same"}, {"bias": False},
    {"padding": ((1, 0), (2, 1))}])
def test_it_is_the_real_convolution_with_its_real_kernel(kwargs):
    torch.manual_seed(0)
    layer, x = QuaternionConv2d(8, 12, 3, **kwargs).double(), torch.randn(2, 8, 7, 6, dtype=torch.float64)
    if "padding" in kwargs and isinstance(kwargs["padding"], tuple):
        (top, bottom), (left, right) = kwargs["padding"]
        x_real, kwargs = nn.functional.pad(x, [left, right, top, bottom]), {}
    else:
        x_real = x
    real = nn.Conv2d(8, 12, 3, **kwargs).double()
    real.weight.copy_(layer.real_kernel())
    if layer.bias is not None:
        real.bias.copy_(layer.bias.normal_())
    torch.testing.assert_close(layer(x), real(x_real))


@torch.no_grad()
def test_groups_keep_the_parts_of_a_quaternion_together():
    torch.manual_seed(0)
    layer, x = QuaternionConv2d(16, 8, 3, groups=2, padding=1).double(), torch.randn(1, 16, 5, 4, dtype=torch.float64)
    halves = []
    for group in range(2):
        single = QuaternionConv2d(8, 4, 3, padding=1, bias=False).double()
        single.weight.copy_(layer.weight[group::2])  # of two quaternions, one a group
        halves.append(single(x.unflatten(1, (4, 2, 2))[:, :, group].flatten(1, 2)))
    expected = torch.stack(halves, dim=2).flatten(1, 2)  # (1, 4 components of 1 quaternion for each group)
    torch.testing.assert_close(layer(x), expected)


@torch.no_grad()
def test_a_product_of_units_is_hamiltons():
    layer = QuaternionConv2d(4, 4, 1, bias=False)
    units = torch.eye(4)
    table = {(1, 2): units[3], (2, 3): units[1], (3, 1): units[2], (2, 1): -units[3], (1, 1): -units[0]}
    for (left, right), expected in table.items():
        layer.weight.copy_(units[left].reshape(4, 1, 1, 1))
        torch.testing.assert_close(layer(units[right].reshape(1, 4, 1, 1)).flatten(), expected)


def test_it_starts_with_hes_variance_and_axes_in_all_directions():
    torch.manual_seed(0)
    weight = QuaternionConv2d(64, 256, 3).weight.data.unflatten(0, (4, -1))
    assert weight.square().sum(0).mean() * 16 * 9 == pytest.approx(2, rel=0.02)  # quaternions that enter
    signs = (weight[1:] > 0).float()
    assert (signs.mean((1, 2, 3, 4)) - 0.5).abs().max() < 0.02
    assert (weight[1] * weight[2] > 0).float().mean().item() == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize(("channels", "parameters"), [(72, 11_736), (84, 15_960)])
def test_it_has_a_quarter_of_the_weights(channels, parameters):
    assert sum(p.numel() for p in QuaternionConv2d(channels, channels, 3).parameters()) == parameters


@pytest.mark.parametrize(("given", "kwargs", "message"), [
    ((6, 8, 3), {}, r"needs in_channels divisible by 4 \* groups=4, got in_channels=6"),
    ((8, 6, 3), {}, r"needs out_channels divisible by 4 \* groups=4, got out_channels=6"),
    ((8, 16, 3), {"groups": 4}, r"needs in_channels divisible by 4 \* groups=16, got in_channels=8"),
    ((8, 8, 3), {"padding": "valid"}, "needs padding='same' or numbers, got padding='valid'"),
    ((8, 8, (3, 3, 3)), {}, r"needs a kernel_size for each of 2 axes, got \(3, 3, 3\)")])
def test_what_cannot_be_is_refused(given, kwargs, message):
    with pytest.raises(ValueError, match=f"QuaternionConv2d {message}"):
        QuaternionConv2d(*given, **kwargs)


@pytest.mark.parametrize("layer", [
    QuaternionConv2d(8, 8, 3, padding="same", stride=2), QuaternionConv2d(16, 8, 3, padding=1, groups=2),
    QuaternionConv1d(8, 8, 4, padding="same")])
def test_its_options_script_and_trace(layer):
    x = torch.randn(2, layer.in_channels, *[9] * layer.axes)
    torch.testing.assert_close(torch.jit.script(layer)(x), layer(x))
    torch.testing.assert_close(torch.fx.symbolic_trace(layer)(x), layer(x))


@pytest.mark.parametrize("build", [
    lambda: ConvNormAct(8, 12, conv_layer=QuaternionConv2d),
    lambda: ConvNormAct(8, 12, dilation=2, conv_layer=QuaternionConv2d),
    lambda: DualPath(16, 24, conv_layer=QuaternionConv2d)])
def test_our_blocks_take_it_in_place_of_their_convolutions(build):
    torch.manual_seed(0)
    block = build()
    x = torch.randn(2, 8 if isinstance(block, ConvNormAct) else 16, 7, 6)
    quaternions = [module for module in block.modules() if isinstance(module, QuaternionConv2d)]
    block(x).square().sum().backward()
    assert quaternions and all(module.weight.grad.isfinite().all() for module in quaternions)
    block.eval()
    expected = block(x)
    for module in block.modules():
        if isinstance(module, ConvNormAct):
            module.fuse()
    torch.testing.assert_close(block(x), expected)
