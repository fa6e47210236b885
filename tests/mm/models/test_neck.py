"""The fusion as a neck."""
import pytest
import torch
from mmpretrain.registry import MODELS

IMAGES = torch.rand(2, 1, 64, 64, generator=torch.Generator().manual_seed(0))


def build(**kwargs):
    return MODELS.build({"type": "lanmsff_plugins.LANMSFF", **kwargs})


def test_the_neck_gives_a_tuple_with_the_vector_or_the_map():
    features = build().eval()(IMAGES)
    neck = {"type": "lanmsff_plugins.MultiScaleFusion", "in_channels": [66, 72, 78, 84]}
    vector, = MODELS.build(neck)(features)
    grid, = MODELS.build({**neck, "global_pool": False})(features)
    assert grid.shape == (2, 156, 4, 4)
    torch.testing.assert_close(vector, grid.mean((2, 3)))


def test_a_neck_of_the_wrong_width_says_so():
    with pytest.raises(ValueError, match="3"):
        MODELS.build({"type": "lanmsff_plugins.MultiScaleFusion", "in_channels": [64, 72, 78, 84]})
