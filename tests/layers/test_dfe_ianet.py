"""MSFD's wavelet transform against the reference's bands, its way back, and odd sides."""
import pytest
import torch

from lanmsff_plugins.layers import MSFD
from lanmsff_plugins.layers.dfe_ianet import haar, twice_inverse_haar

from . import fixtures


def test_the_bands_are_those_of_the_reference():
    fixture = fixtures.load("MSFD")
    for band, name in zip(haar(*fixture.inputs("a")), ("ll", "lh", "hl", "hh")):
        torch.testing.assert_close(band, fixture.tensors[f"a.mid.{name}"], rtol=0, atol=1e-14)


def test_the_transform_keeps_the_energy_and_has_a_way_back():
    x = torch.randn(2, 3, 6, 8, dtype=torch.float64)
    bands = haar(x)
    torch.testing.assert_close(sum(band.square().sum() for band in bands), x.square().sum())
    torch.testing.assert_close(twice_inverse_haar(*bands) / 2, x)


@torch.no_grad()
@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 6), (5, 4), (7, 9)])
def test_an_odd_side_is_as_with_its_end_repeated(height, width):
    torch.manual_seed(0)
    layer, x = MSFD(3), torch.randn(2, 3, height, width)
    rows = torch.arange(height + height % 2).clamp(max=height - 1)
    columns = torch.arange(width + width % 2).clamp(max=width - 1)
    torch.testing.assert_close(layer(x), layer(x[:, :, rows][..., columns])[:, :, :height, :width])


@pytest.mark.parametrize(("channels", "parameters"), [(72, 2_880), (84, 3_360)])
def test_it_has_the_references_number_of_parameters(channels, parameters):
    assert sum(p.numel() for p in MSFD(channels).parameters()) == parameters


@pytest.mark.parametrize(("given", "message"), [
    ((0,), "got channels=0, kernel_size=9"), ((4, 8), "an odd kernel_size, got channels=4, kernel_size=8")])
def test_what_cannot_be_is_refused(given, message):
    with pytest.raises(ValueError, match=f"MSFD needs .*{message}"):
        MSFD(*given)
