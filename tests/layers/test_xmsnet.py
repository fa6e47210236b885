"""XMSNet's layers with one map, with other widths, and at their start."""
import pytest
import torch

from lanmsff_plugins.layers import AF, AF0, LGB, QueryAttention


@torch.no_grad()
def test_query_attention_of_one_map_takes_it_three_times():
    torch.manual_seed(0)
    layer, x = QueryAttention(8), torch.randn(2, 8, 5, 6)
    torch.testing.assert_close(layer(x), layer(x, x, x))


@torch.no_grad()
def test_the_residual_is_on_the_third_map():
    torch.manual_seed(0)
    layer, (x, y, z) = QueryAttention(8), torch.randn(3, 2, 8, 5, 6)
    for parameter in (layer.proj.weight, layer.fc.weight, layer.fc.bias):
        parameter.zero_()
    torch.testing.assert_close(layer(x, y, z), z)


@torch.no_grad()
@pytest.mark.parametrize("build", [AF0, AF])
def test_the_fusion_may_change_the_number_of_channels(build):
    layer = build(6, 10).eval()
    maps = [torch.randn(2, 6, 5, 4), torch.randn(2, 6, 5, 4), torch.randn(2, 10, 5, 4)]
    out = layer(*maps[:2 if build is AF0 else 3])
    assert out.shape == (2, 10, 5, 4) and (build is AF0 or out.min() >= 0)


@pytest.mark.parametrize("size", [(11, 9), (2, 30), (1, 1)])
def test_pooling_by_rows_and_columns_is_that_of_one_window_among_equal_values_too(size):
    torch.manual_seed(0)
    layer = LGB(4).double().eval()
    with torch.no_grad():
        layer.expand.weight.copy_(torch.randint(-1, 2, layer.expand.weight.shape))  # so that many values are equal
        layer.expand.bias.zero_()
    x = torch.randint(-2, 3, (2, 4, *size)).double().requires_grad_()
    groups = layer.expand(x).chunk(4, dim=1)
    pooled = [torch.nn.functional.max_pool2d(group, side, stride=1, padding=side // 2)
              for group, side in zip(groups, (1, 3, 5, 7))]
    expected = layer.project(layer.norm(layer.conv_dw(torch.cat(pooled, dim=1))))
    got, direction = layer(x), torch.rand_like(expected)
    torch.testing.assert_close(got, expected, rtol=0, atol=0)
    torch.testing.assert_close(*(torch.autograd.grad(out, x, direction)[0] for out in (got, expected)))


def test_the_channel_transformation_says_nothing_at_first():
    assert not AF0(8).gct(torch.randn(2, 8, 5, 4)).any()


def test_the_pattern_of_a_batch_of_one_cannot_be_normalized_in_training():
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        AF0(8)(torch.randn(1, 8, 5, 4), torch.randn(1, 8, 5, 4))


@pytest.mark.parametrize(("build", "parameters"), [
    (lambda: LGB(72), 45_000), (lambda: LGB(84), 60_564), (lambda: QueryAttention(72), 31_322),
    (lambda: QueryAttention(84), 42_590),
    (lambda: AF0(72), 465_546 - 57_312),  # without the layers that are never used there
    (lambda: AF(72), 512_202 - (2 * 72 ** 2 + 72))])
def test_they_have_the_papers_number_of_parameters(build, parameters):
    assert sum(p.numel() for p in build().parameters()) == parameters


@pytest.mark.parametrize(("build", "message"), [
    (lambda: LGB(0), "LGB needs at least one channel, got channels=0"),
    (lambda: QueryAttention(9), "QueryAttention needs channels divisible by 2 and by num_heads=2, got channels=9"),
    (lambda: AF0(3), "AF0 needs out_channels of at least 4, got channels=3, out_channels=3"),
    (lambda: AF(8, 3), "AF needs out_channels of at least 4, got channels=8, out_channels=3")])
def test_channels_that_cannot_be_are_refused(build, message):
    with pytest.raises(ValueError, match=message):
        build()
