"""CEA alone, and below the sizes of the authors' code."""
import pytest
import torch
import torch.nn.functional as F

from lanmsff_plugins.layers import CEA, MAB, catalog

from . import fixtures


def test_cea_is_the_second_half_of_the_authors_block():
    fixture = fixtures.load("MAB")
    weights = {name: value for name, value in fixture.weights().items() if not name.startswith("conv0")}
    cea = catalog.from_official("CEA", fixture.constructor, weights)
    torch.testing.assert_close(cea(fixture.tensors["case0.mid.conv00"]), *fixture.of("case0", "out"))


@torch.no_grad()
@pytest.mark.parametrize(("height", "width"), [(1, 1), (6, 6), (12, 40), (25, 8)])
def test_the_pooling_of_cea_is_global_along_a_side_of_less_than_seven(height, width):
    torch.manual_seed(0)
    layer, x = CEA(8).double(), torch.randn(2, 8, height, width, dtype=torch.float64)
    reduced = layer.reduce(x)
    half = layer.down(reduced)
    ends = [[range(0, side - 6, 3) if side >= 7 else range(1), min(side, 7)] for side in half.shape[2:]]
    pooled = torch.stack([torch.stack([half[:, :, r:r + ends[0][1], c:c + ends[1][1]].amax((2, 3)) for c in ends[1][0]],
                                      dim=-1) for r in ends[0][0]], dim=-2)
    context = F.leaky_relu(layer.conv(pooled), 0.05) + F.leaky_relu(layer.dilated_conv(pooled), 0.05)
    rows = torch.arange(height) * pooled.shape[2] // height
    columns = torch.arange(width) * pooled.shape[3] // width
    gate = layer.expand(context[:, :, rows][..., columns] + reduced).relu().sigmoid()
    assert gate.min() >= 0.5
    torch.testing.assert_close(layer(x), x * gate * layer.conv_dw(layer.conv_pw(x)).sigmoid())


@pytest.mark.parametrize(("layer", "channels", "parameters"), [
    (CEA, 72, 18_612), (CEA, 84, 24_927), (MAB, 72, 112_068), (MAB, 84, 152_103)])
def test_they_have_the_papers_number_of_parameters(layer, channels, parameters):
    assert sum(p.numel() for p in layer(channels).parameters()) == parameters


@pytest.mark.parametrize("layer", [CEA, MAB])
def test_fewer_channels_than_the_reduction_are_refused(layer):
    with pytest.raises(ValueError, match=f"{layer.__name__} needs at least reduction_factor=4 .*, got channels=3"):
        layer(3)
