"""The fusion brings a pyramid of any height to its coarsest grid, and averages away nothing on the way."""
import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from lanmsff_plugins import MultiScaleFusion, pwfs
from lanmsff_plugins.layers import LastScale


def pyramid(channels, height, width, batch=2, reductions=None):
    """Random features whose last grid is ``height`` x ``width``."""
    reductions = reductions or [2 ** i for i in range(len(channels))]
    scale = [reductions[-1] // r for r in reductions]
    return [torch.randn(batch, c, s * height, s * width) for c, s in zip(channels, scale)]


CHANNELS = st.lists(st.integers(1, 4).map(lambda c: 3 * c), min_size=1, max_size=4)


@settings(max_examples=25, deadline=None)
@given(CHANNELS, st.integers(1, 4), st.integers(1, 4))
def test_the_mean_of_the_fused_map_is_the_papers_vector(channels, height, width):
    features = pyramid(channels, height, width)
    fusion = MultiScaleFusion(channels)
    fused = fusion(features)
    vector = [pwfs(x).mean((2, 3)) for x in features[:-1]] + [features[-1].mean((2, 3))]
    assert fused.shape == (2, fusion.out_channels, height, width)
    torch.testing.assert_close(fused.mean((2, 3)), torch.cat(vector, dim=1))


@settings(max_examples=25, deadline=None)
@given(st.integers(8, 60), st.integers(8, 60), st.booleans())
def test_at_any_size_the_grid_is_that_of_a_host_that_rounds_alike(height, width, ceil_mode):
    sides, features = (height, width), []
    for channels in (6, 3, 9, 5):
        features.append(torch.randn(1, channels, *sides))
        sides = [-(-side // 2) if ceil_mode else side // 2 for side in sides]
    fusion = MultiScaleFusion([6, 3, 9, 5], ceil_mode=ceil_mode)
    assert fusion(features).shape == (1, 2 + 1 + 3 + 5, *features[-1].shape[2:])


def test_one_scale_passes_as_it_is():
    x = torch.randn(2, 5, 3, 4)
    fusion = MultiScaleFusion([5])
    assert torch.equal(fusion([x]), x) and fusion.out_channels == 5


def test_strides_may_be_any_divisors_of_the_last():
    features = pyramid([6, 3, 4], 2, 3, reductions=[4, 8, 32])
    fused = MultiScaleFusion([6, 3, 4], [4, 8, 32])(features)
    torch.testing.assert_close(fused[0, 0, 1, 2], pwfs(features[0])[0, 0, 8:16, 16:24].mean())
    torch.testing.assert_close(fused[0, 2, 1, 2], pwfs(features[1])[0, 0, 4:8, 8:12].mean())


def test_odd_places_at_the_border_are_averaged_in_when_rounding_up():
    x = torch.tensor([1., 2., 4.]).expand(1, 3, 3, 3)  # three equal groups, so PWFS changes nothing
    fused = MultiScaleFusion([3, 1], ceil_mode=True)([x, torch.zeros(1, 1, 2, 2)])
    assert fused[0, 0].tolist() == [[1.5, 4.], [1.5, 4.]]


@pytest.mark.parametrize(("channels", "projected"), [([64, 4], 66), ([65, 4], 66), ([2, 4], 3)])
def test_project_widens_to_the_next_multiple_of_three(channels, projected):
    fusion = MultiScaleFusion(channels, project=True)
    assert fusion.branches[0][0].weight.shape == (projected, channels[0], 1, 1)
    assert fusion(pyramid(channels, 3, 3)).shape[1] == fusion.out_channels == projected // 3 + 4


def test_project_leaves_scales_that_three_divides_alone():
    assert not list(MultiScaleFusion([66, 72, 5], project=True).parameters())


def test_another_selection_can_take_the_place_of_pwfs():
    class FirstThird(nn.Module):
        def __init__(self, channels, device=None, dtype=None):
            super().__init__()
            self.out_channels = channels // 3

        def forward(self, x):
            return x[:, :self.out_channels]

    features = pyramid([6, 4], 3, 3)
    fused = MultiScaleFusion([6, 4], select_layer=FirstThird)(features)
    torch.testing.assert_close(fused[:, :2].mean((2, 3)), features[0][:, :2].mean((2, 3)))


@pytest.mark.parametrize(("args", "message"), [
    (([],), "needs the channels of at least one scale"),
    (([6, 9, 4], [2, 4]), r"one stride for each of the 3 scales, .* got reductions=\[2, 4\]"),
    (([6, 9, 4], [2, 3, 8]), r"each a divisor of the last, got reductions=\[2, 3, 8\]"),
    (([6, 9, 4], [0, 4, 8]), r"each a divisor of the last, got reductions=\[0, 4, 8\]"),
    (([6, 64, 4],), "PWFS needs channels divisible by groups=3, got 64")])
def test_what_cannot_be_built_is_refused_by_name(args, message):
    with pytest.raises(ValueError, match=message):
        MultiScaleFusion(*args)


@pytest.mark.parametrize(("shapes", "message"), [
    ([(6, 8), (9, 4)], "MultiScaleFusion was built for 3 scales, got 2"),
    ([(6, 8), (9, 4), (4, 2), (4, 2)], "MultiScaleFusion was built for 3 scales, got 4"),
    ([(6, 8), (9, 4), (5, 2)], "MultiScaleFusion was built for 4 channels, got 5"),
    ([(3, 8), (9, 4), (4, 2)], "MultiScaleFusion was built for 6 channels, got 3"),
    ([(6, 8), (9, 4), (4, 3)], r"MultiScaleFusion pooled a scale to \[2, 2\], the last is \[3, 3\]")])
@pytest.mark.parametrize("traced", [False, True])
def test_features_that_do_not_fit_are_refused_by_name(shapes, message, traced):
    fusion = MultiScaleFusion([6, 9, 4])
    if traced:
        fusion = torch.fx.symbolic_trace(fusion)
    with pytest.raises(ValueError, match=message):
        fusion([torch.rand(1, channels, side, side) for channels, side in shapes])


def test_script_fx_and_export_give_the_same():
    features = pyramid([6, 3, 4], 2, 3)
    fusion = MultiScaleFusion([6, 3, 4])
    exported = torch.export.export(
        fusion, (features,), dynamic_shapes=([{0: torch.export.Dim("batch")}] * 3,)).module()
    features = pyramid([6, 3, 4], 2, 3, batch=5)
    for changed in (torch.jit.script(fusion), torch.fx.symbolic_trace(fusion), exported):
        torch.testing.assert_close(changed(copy.copy(features)), fusion(features))


def test_the_callers_list_is_left_as_it_was():
    features = pyramid([6, 3, 4], 2, 3)
    before = list(features)
    MultiScaleFusion([6, 3, 4])(features)
    assert len(features) == 3 and all(a is b for a, b in zip(features, before))


def test_gradients_reach_every_scale():
    features = [x.requires_grad_() for x in pyramid([6, 3, 4], 2, 3)]
    MultiScaleFusion([6, 3, 4])(features).sum().backward()
    assert [x.grad.sum().item() for x in features] == pytest.approx([2 * 2 * 6, 1 * 2 * 6, 4 * 2 * 6])


def test_the_last_scale_alone_is_no_fusion():
    features = pyramid([6, 3, 4], 2, 3)
    fusion = LastScale([6, 3, 4], reductions=[2, 4, 8])
    assert fusion(features) is features[-1] and fusion.out_channels == 4
