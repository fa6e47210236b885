"""The convolutions that the blocks share keep the size and start as Keras' do."""
import copy
import math
from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from timm.layers import BatchNormAct2d, get_norm_layer
from torch import nn
from torch.nn.utils import parametrizations, prune, spectral_norm, weight_norm

from lanmsff_plugins.layers import BatchNorm2d, ConvNormAct, DilatedConv2d, SeparableConv2d

from . import references

SIZES = st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 6), st.integers(1, 6))


@settings(max_examples=15, deadline=None)
@given(SIZES, st.sampled_from([1, 3, 5]), st.sampled_from([1, 2, 3]))
@torch.no_grad()
def test_a_separable_convolution_is_a_depthwise_and_then_a_pointwise_one(sizes, kernel_size, dilation):
    in_channels, out_channels, height, width = sizes
    layer = SeparableConv2d(in_channels, out_channels, kernel_size, dilation, dtype=torch.float64)
    nn.init.normal_(layer.conv_pw.bias)
    x = torch.randn(1, in_channels, height, width, dtype=torch.float64)
    w = references.arrays(layer)
    expected = references.separable_conv(
        x[0].numpy(), w["conv_dw.weight"], w["conv_pw.weight"], w["conv_pw.bias"], dilation)
    torch.testing.assert_close(layer(x)[0], torch.from_numpy(expected))


@settings(max_examples=15, deadline=None)
@given(SIZES, st.booleans(), st.sampled_from([1, 2]))
@torch.no_grad()
def test_conv_norm_act_is_the_three_in_a_row(sizes, separable, dilation):
    in_channels, out_channels, height, width = sizes
    layer = ConvNormAct(in_channels, out_channels, dilation=dilation, separable=separable).double().eval()
    for parameter in layer.parameters():
        nn.init.normal_(parameter)
    layer.norm.running_mean.normal_()
    layer.norm.running_var.uniform_(0.5, 2)
    x = torch.randn(1, in_channels, height, width, dtype=torch.float64)
    expected = references.conv_norm_relu(x[0].numpy(), references.arrays(layer), dilation=dilation)
    torch.testing.assert_close(layer(x)[0], torch.from_numpy(expected))


@settings(max_examples=15, deadline=None)
@given(SIZES, st.booleans(), st.sampled_from([1, 2]), st.booleans())
@torch.no_grad()
def test_a_fused_convolution_is_the_same_function(sizes, separable, dilation, affine):
    in_channels, out_channels, height, width = sizes
    layer = ConvNormAct(in_channels, out_channels, dilation=dilation, separable=separable,
                        norm_layer=partial(BatchNorm2d, affine=affine)).double().eval()
    for parameter in layer.parameters():
        nn.init.normal_(parameter)
    layer.norm.running_mean.normal_()
    layer.norm.running_var.uniform_(0.5, 2)
    x = torch.randn(2, in_channels, height, width, dtype=torch.float64)
    expected = layer(x)
    assert layer.fuse() is layer and isinstance(layer.norm, nn.Identity)
    torch.testing.assert_close(layer(x), expected)
    torch.testing.assert_close(layer.fuse()(x), expected)  # a second time there is nothing to fold


@pytest.mark.parametrize("norm_layer", [
    partial(nn.GroupNorm, 2), partial(nn.BatchNorm2d, track_running_stats=False), BatchNormAct2d])
def test_norms_that_are_no_fixed_scale_and_shift_stay(norm_layer):
    layer = ConvNormAct(4, 6, norm_layer=norm_layer)
    norm = layer.norm
    assert layer.fuse().norm is norm


@torch.no_grad()
@pytest.mark.parametrize("separable", [False, True])
@pytest.mark.parametrize("reparametrize", [
    lambda conv: prune.l1_unstructured(conv, "weight", 0.5),
    lambda conv: (weight_norm(conv), prune.l1_unstructured(conv, "weight_g", 1)), spectral_norm,
    parametrizations.weight_norm, parametrizations.spectral_norm])
def test_pruned_and_normed_weights_are_folded_as_they_are(reparametrize, separable):
    layer = ConvNormAct(4, 6, separable=separable).double()
    layer.norm.running_mean.normal_()
    conv = layer.conv.conv_pw if separable else layer.conv
    reparametrize(conv)
    prune.random_unstructured(layer.norm, "weight", 2)
    x = torch.randn(2, 4, 5, 5, dtype=torch.float64)
    expected = layer.eval()(x)
    layer.train().fuse().eval()
    torch.testing.assert_close(layer(x), expected)
    assert type(conv) is nn.Conv2d and isinstance(conv.weight, nn.Parameter) and isinstance(layer.norm, nn.Identity)


@torch.no_grad()
def test_a_copy_is_made_plain_without_its_original():
    """torch's remove_parametrizations takes the property of the class that both have (2.15)."""
    layer = ConvNormAct(4, 6)
    parametrizations.weight_norm(layer.conv)
    x = torch.randn(1, 4, 5, 5)
    expected = layer.eval()(x)
    copy.deepcopy(layer).fuse()
    assert torch.equal(layer(x), expected)


class Scaled(nn.Conv2d):
    """A convolution with a forward of its own."""

    def forward(self, x):
        return 2 * super().forward(x)


@torch.no_grad()
@pytest.mark.parametrize("change", [
    lambda layer: setattr(layer, "conv", Scaled(4, 6, 3, padding=1)),
    lambda layer: setattr(layer, "conv", nn.Sequential(layer.conv, nn.Conv2d(6, 6, 1))),
    lambda layer: layer.conv.register_forward_hook(lambda module, args, output: 2 * output),
    lambda layer: layer.norm.register_forward_hook(lambda module, args, output: 2 * output)])
def test_what_is_more_than_a_convolution_and_a_norm_is_not_folded(change):
    layer = ConvNormAct(4, 6)
    change(layer)
    x = torch.randn(1, 4, 5, 5)
    expected = layer.eval()(x)
    assert torch.equal(layer.fuse()(x), expected)


def test_a_fused_convolution_can_start_anew():
    layer = ConvNormAct(4, 6).fuse()
    layer.conv.bias.data.fill_(1)
    layer.reset_parameters()
    assert not layer.conv.bias.any()


@torch.no_grad()
def test_without_an_activation_negative_values_pass():
    layer = ConvNormAct(3, 8, act_layer=None)
    assert layer(torch.randn(2, 3, 6, 6)).min() < 0 <= ConvNormAct(3, 8)(torch.randn(2, 3, 6, 6)).min()


def test_every_convolution_has_a_bias_except_the_depthwise():
    layers = (SeparableConv2d(4, 6), ConvNormAct(4, 6))
    convs = [m for layer in layers for m in layer.modules() if isinstance(m, nn.Conv2d)]
    assert [conv.bias is not None for conv in convs] == [conv.groups == 1 for conv in convs] == [False, True, True]


@torch.no_grad()
def test_running_statistics_take_a_hundredth_of_each_batch():
    norm = BatchNorm2d(1)
    norm(torch.tensor([1., 3., 5., 7.]).view(4, 1, 1, 1))
    assert norm.running_mean.item() == pytest.approx(0.01 * 4)
    assert norm.running_var.item() == pytest.approx(0.99 + 0.01 * 20 / 3)  # unbiased, as PyTorch does


@pytest.mark.parametrize(("make", "name", "limit"), [
    (lambda: ConvNormAct(20, 40), "conv.weight", math.sqrt(6 / (9 * 20))),
    (lambda: ConvNormAct(90, 40, kernel_size=1), "conv.weight", math.sqrt(6 / 90)),
    (lambda: SeparableConv2d(400, 4), "conv_dw.weight", math.sqrt(6 / (9 * 400))),
    (lambda: SeparableConv2d(90, 40), "conv_pw.weight", math.sqrt(6 / 90))])
def test_kernels_start_he_uniform_with_keras_fan_in(make, name, limit):
    torch.manual_seed(0)
    weight = make().state_dict()[name]
    assert 0.98 * limit < weight.abs().max() <= limit  # of 3,600 draws, so the largest is near the limit
    assert weight.std().item() == pytest.approx(limit / math.sqrt(3), rel=0.05)


@pytest.mark.parametrize("separable", [False, True])
def test_a_dilated_convolution_is_what_tools_take_for_a_convolution(separable):
    """Counters and quantisation go by the exact class of a module, and FX by where the class is defined."""
    layer = ConvNormAct(4, 6, dilation=2, separable=separable).train()
    names = [name for name, module in layer.named_modules() if isinstance(module, nn.Conv2d)]
    assert {type(layer.get_submodule(name)) for name in names} == {nn.Conv2d}
    traced = torch.fx.symbolic_trace(layer)
    assert [node.target for node in traced.graph.nodes if node.op == "call_module"] == [*names, "norm", "act"]
    layer.qconfig = torch.ao.quantization.get_default_qat_qconfig("x86")
    quantized = torch.ao.quantization.prepare_qat(layer)
    assert {type(quantized.get_submodule(name)) for name in names} == {torch.ao.nn.qat.Conv2d}
    assert quantized(torch.rand(2, 4, 5, 5)).shape == (2, 6, 5, 5)


@pytest.mark.parametrize("separable", [False, True])
@pytest.mark.parametrize("size", [(7, 5), (12, 40)])
def test_a_pruned_convolution_learns_in_bfloat16_as_it_computes(separable, size):
    layer = ConvNormAct(4, 4, dilation=2, separable=separable, norm_layer=nn.Identity, act_layer=None).bfloat16()
    exact = copy.deepcopy(layer).double()
    name = next(name for name, module in layer.named_modules() if getattr(module, "dilation", None) == (2, 2))
    conv = layer.get_submodule(name)
    for each in (conv, exact.get_submodule(name)):
        prune.l1_unstructured(each, "weight", 0.5)
    x = torch.randn(2, 4, *size).bfloat16()
    layer.to(memory_format=torch.channels_last)
    got = layer(x.to(memory_format=torch.channels_last))
    torch.testing.assert_close(got.double(), exact(x.double()), rtol=5e-2, atol=5e-2)
    (got.float().sum() + exact(x.double()).sum()).backward()
    assert conv.dilation == (2, 2) == conv.padding
    expected = exact.get_submodule(name).weight_orig.grad
    assert (conv.weight_orig.grad - expected).norm() <= 2e-2 * expected.norm()


@pytest.mark.parametrize("name", ["batchnorm2d", "layernorm2d", "groupnorm1"])
def test_a_norm_can_be_given_by_timms_name(name):
    assert type(ConvNormAct(4, 6, norm_layer=name).norm) is get_norm_layer(name)


def test_a_norm_is_called_with_its_channels_alone_and_is_where_the_rest_is():
    layer = ConvNormAct(4, 6, norm_layer=lambda channels: nn.GroupNorm(2, channels), device="meta", dtype=torch.float16)
    assert all(p.is_meta and p.dtype is torch.float16 for p in layer.parameters())
    assert layer.norm.num_channels == 6


def test_a_norm_that_timm_does_not_know_is_refused_by_name():
    with pytest.raises(ValueError, match="unknown norm_layer 'batchnorm2'; expected a name of timm.layers"):
        ConvNormAct(4, 6, norm_layer="batchnorm2")


@pytest.mark.parametrize("layer", [ConvNormAct(4, 6), ConvNormAct(4, 6, separable=True)])
def test_biases_start_at_zero_and_the_norm_at_one(layer):
    assert all(not p.any() for name, p in layer.named_parameters() if name.endswith("bias"))
    assert (layer.norm.weight == 1).all()


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 3), st.integers(1, 40), st.integers(1, 40), st.sampled_from([2, 3]), st.booleans(), st.booleans())
def test_a_dilated_kernel_learns_in_bfloat16_and_channels_last(images, height, width, dilation, depthwise, autocast):
    torch.full((2 ** 20,), torch.inf, dtype=torch.bfloat16)  # what a gradient that is not written would hold
    layer = DilatedConv2d(4, 4, dilation=dilation, groups=4 if depthwise else 1).bfloat16()
    x, g = torch.randn(2, images, 4, height, width, dtype=torch.bfloat16)
    exact = nn.Conv2d(4, 4, 3, padding=dilation, dilation=dilation, groups=layer.groups).double()
    exact.load_state_dict(layer.state_dict())
    expected = torch.autograd.grad(exact(x.double()), exact.parameters(), g.double())

    layer.to(dtype=torch.float32 if autocast else torch.bfloat16, memory_format=torch.channels_last)
    x = x.to(layer.weight.dtype, memory_format=torch.channels_last)
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        y = layer(x)
    assert y.dtype == torch.bfloat16 and y.shape == (images, 4, height, width)
    torch.testing.assert_close(y.double(), exact(x.double()), rtol=2e-2, atol=2e-2)
    for got, value in zip(torch.autograd.grad(y, layer.parameters(), g), expected):
        assert (got - value).norm() <= 1e-2 * value.norm() + 1e-2


@pytest.mark.parametrize("conv_layer", [partial(nn.Conv2d, bias=False), lambda *args, **kwargs: nn.Identity()])
def test_a_convolution_without_a_bias_or_without_parameters_starts_too(conv_layer):
    layer = ConvNormAct(4, 4, conv_layer=conv_layer)
    layer.reset_parameters()
    assert layer(torch.rand(2, 4, 5, 5)).shape == (2, 4, 5, 5)
