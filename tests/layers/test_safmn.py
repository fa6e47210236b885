"""SAFM beyond the sizes of the authors' code, and the costs that the paper's layers have."""
import pytest
import torch
import torch.nn.functional as F

from lanmsff_plugins.layers import CCM, SAFM, AttBlock


def windows(side, pooled):
    return [slice(i * side // pooled, -(-(i + 1) * side // pooled)) for i in range(pooled)]


@torch.no_grad()
@pytest.mark.parametrize(("height", "width"), [(1, 1), (3, 7), (7, 7), (8, 15), (17, 6)])
def test_safm_pools_to_one_row_where_a_level_has_less(height, width):
    torch.manual_seed(0)
    layer, x = SAFM(8).double(), torch.randn(2, 8, height, width, dtype=torch.float64)
    scales = []
    for i, (group, conv) in enumerate(zip(x.split(2, dim=1), layer.mfr)):
        rows, columns = max(1, height >> i), max(1, width >> i)
        down, right = windows(height, rows), windows(width, columns)
        rows_of = [torch.stack([group[:, :, r, c].amax((2, 3)) for c in right], dim=-1) for r in down]
        pooled = torch.stack(rows_of, dim=-2)
        y = conv(pooled)
        scales.append(y[:, :, torch.arange(height) * rows // height][..., torch.arange(width) * columns // width])
    torch.testing.assert_close(layer(x), F.gelu(layer.aggr(torch.cat(scales, dim=1))) * x)


@pytest.mark.parametrize(("layer", "channels", "parameters"), [
    (SAFM, 72, 5_976), (SAFM, 84, 7_980), (CCM, 72, 103_896), (CCM, 84, 141_372), (AttBlock, 72, 110_160),
    (AttBlock, 84, 149_688)])
def test_they_have_the_papers_number_of_parameters(layer, channels, parameters):
    assert sum(p.numel() for p in layer(channels).parameters()) == parameters


def test_the_hidden_width_is_rounded_down():
    assert CCM(15, growth_rate=1.5).ccm[0].out_channels == 22


@pytest.mark.parametrize(("build", "message"), [
    (lambda: SAFM(9, n_levels=2), "SAFM needs channels divisible by n_levels=2, got channels=9"),
    (lambda: SAFM(0), "SAFM needs channels .* got channels=0"), (lambda: CCM(4, 0.1), "CCM needs .*growth_rate=0.1"),
    (lambda: AttBlock(6), "AttBlock needs channels divisible by 4, got channels=6")])
def test_widths_that_cannot_be_are_refused(build, message):
    with pytest.raises(ValueError, match=message):
        build()
