"""Wrong input is refused by name, and a hint says what to do."""
import pytest
import torch

from lanmsff_plugins import LANMSFF
from lanmsff_plugins.layers.checks import check_grids, check_nchw, check_scales


def test_right_input_passes():
    check_nchw(torch.rand(1, 3, 2, 2), 3, "Layer")
    check_scales([torch.rand(1, 3, 4, 4), torch.rand(1, 6, 2, 2)], [3, 6], "Layer")
    check_grids([torch.rand(1, 3, 2, 2), torch.rand(1, 6, 2, 2)], "Layer")


@pytest.mark.parametrize(("check", "message"), [
    (lambda: check_nchw(torch.rand(3, 2, 2), 3, "Layer"), r"Layer expects a 4-D input \(N, C, H, W\), got .*3, 2, 2"),
    (lambda: check_nchw(torch.rand(1, 2, 2, 2), 3, "Layer"), "Layer was built for 3 channels, got 2; build it with"),
    (lambda: check_nchw(torch.rand(1, 2, 2, 2), 3, "Layer", "do this"), "got 2; do this$"),
    (lambda: check_nchw(torch.ones(1, 3, 2, 2, dtype=torch.uint8), 3, "Layer"), "got torch.uint8; convert them"),
    (lambda: check_scales([torch.rand(1, 3, 4, 4)], [3, 6], "Layer"), "Layer was built for 2 scales, got 1"),
    (lambda: check_grids([torch.rand(1, 3, 4, 4), torch.rand(1, 3, 2, 2)], "Layer"), r"pooled a scale to \[4, 4\]")])
def test_wrong_input_is_refused_with_what_to_do(check, message):
    with pytest.raises(ValueError, match=message):
        check()


@pytest.mark.parametrize(("in_chans", "given", "hint"), [
    (1, 3, r"convert colour to grey by image.convert\('L'\), or build it with in_chans=3"),
    (3, 1, "build it with in_chans=1 for grey images")])
def test_a_network_for_grey_says_what_to_do_with_colour_and_the_other_way_round(in_chans, given, hint):
    with pytest.raises(ValueError, match=f"LANMSFF was built for {in_chans} channels, got {given}; {hint}"):
        LANMSFF(in_chans=in_chans)(torch.rand(1, given, 64, 64))
