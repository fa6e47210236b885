"""MGDN's layers for one map, in windows that do not fit, and in what they cost."""
import pytest
import torch
import torch.nn.functional as F

from lanmsff_plugins.layers import MGCA, MGDF, MGFF


@torch.no_grad()
def test_one_map_guides_itself():
    torch.manual_seed(0)
    layer, x = MGCA(12), torch.randn(2, 12, 5, 6)
    torch.testing.assert_close(layer(x), layer(x, x))


@torch.no_grad()
def test_the_guide_asks_and_the_other_map_answers():
    torch.manual_seed(0)
    layer, guide, x = MGCA(12), torch.randn(1, 12, 5, 6), torch.randn(1, 12, 5, 6)
    layer.project_out.bias.zero_()
    layer.kv_dwconv.bias.zero_()
    layer.kv.bias.zero_()
    torch.testing.assert_close(layer(guide, 2 * x), 2 * layer(guide, x))
    torch.testing.assert_close(layer(guide, 0 * x), 0 * x)


@pytest.mark.parametrize(("channels", "heads"), [(72, 6), (64, 4), (10, 5), (7, 1), (1, 1)])
def test_there_are_six_heads_or_as_many_as_divide_the_channels(channels, heads):
    assert MGCA(channels).num_heads == heads


@torch.no_grad()
def test_every_pixel_has_a_kernel_of_its_own():
    torch.manual_seed(0)
    layer = MGDF(6).double()
    a, b = torch.randn(2, 1, 6, 9, 4, dtype=torch.float64)
    kernels = layer.predictor_1(layer.attention(a, b))
    windows = F.unfold(F.pad(a, [3] * 4, mode="replicate"), 7).unflatten(1, (6, 49)).unflatten(3, (9, 4))
    expected = F.leaky_relu(layer.conv_1((windows * kernels[:, None]).sum(2)), 0.1)
    torch.testing.assert_close(layer(a, b)[0], expected)


@torch.no_grad()
@pytest.mark.parametrize("shift", [0, 2])
def test_windows_that_do_not_fit_are_filled_with_zeros(shift):
    torch.manual_seed(0)
    block = MGFF(12).double().blocks[1]
    block.shift = shift
    z = torch.randn(1, 6, 5, 12, dtype=torch.float64)
    full = F.pad(z, [0, 0, 0, 3, 0, 2])
    torch.testing.assert_close(block._attend(z), block._attend(full)[:, :6, :5])


@pytest.mark.parametrize(("resolution", "window", "shifts"), [
    (None, 4, [0, 2]), ((8, 8), 4, [0, 2]), ((4, 8), 4, [0, 0]), ((3, 9), 3, [0, 0])])
def test_a_map_of_one_window_is_not_shifted(resolution, window, shifts):
    blocks = MGFF(12, input_resolution=resolution).blocks
    assert [block.shift for block in blocks] == shifts and {block.window for block in blocks} == {window}


@pytest.mark.parametrize(("build", "parameters"), [
    (lambda: MGCA(72), 23_190), (lambda: MGCA(84), 31_086), (lambda: MGDF(72), 227_768), (lambda: MGDF(84), 308_048),
    (lambda: MGFF(84, mlp_ratio=2.), 552_480 - 2 * 84 ** 2 - 84)])  # without a convolution that is never used there
def test_they_have_the_papers_number_of_parameters(build, parameters):
    assert sum(p.numel() for p in build().parameters()) == parameters


def test_drop_path_leaves_the_local_context():
    torch.manual_seed(0)
    layer = MGFF(12, drop_path=0.5)
    maps = [torch.randn(2, 12, 8, 8) for _ in range(2)]
    layer.train()
    assert not torch.equal(layer(maps)[0], layer(maps)[0])
    layer.eval()
    torch.testing.assert_close(layer(maps), layer(maps), rtol=0, atol=0)


@pytest.mark.parametrize(("build", "message"), [
    (lambda: MGCA(12, num_heads=5), "MGCA needs channels divisible by num_heads=5, got channels=12"),
    (lambda: MGCA(0), "MGCA needs channels .* got channels=0"),
    (lambda: MGDF(64), "MGDF needs channels divisible by its 6 heads, got channels=64"),
    (lambda: MGFF(12, num_heads=5), "MGFF needs channels divisible by 6 and by num_heads=5, got channels=12")])
def test_channels_that_heads_do_not_divide_are_refused(build, message):
    with pytest.raises(ValueError, match=message):
        build()
