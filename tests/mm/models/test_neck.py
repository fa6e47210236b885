"""The fusion as a neck."""
import pytest
import torch
from mmpretrain.registry import MODELS

from lanmsff_plugins.layers import catalog

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


@pytest.mark.parametrize("channels", [[66, 72, 78, 84], [64, 128, 256, 512]])
def test_a_selected_pyramid_gives_a_third_of_each_level_to_the_neck_behind_it(channels):
    """The neck behind it is built for a third of the channels, rounded up, and gets all levels."""
    neck = MODELS.build({"type": "lanmsff_plugins.SelectedPyramid", "in_channels": channels, "project": True,
                         "neck": {"type": "lanmsff_plugins.FusionNeck", "project": True}})
    features = tuple(torch.rand(2, each, 32 >> i, 32 >> i) for i, each in enumerate(channels))
    thirds = [-(-each // 3) for each in channels]
    assert neck.neck.fusion.in_channels == thirds
    assert [tuple(level(x).shape[1:]) for level, x in zip(neck.levels, features)] == [
        (each, *x.shape[2:]) for each, x in zip(thirds, features)]
    vector, = neck(features)
    vector.square().sum().backward()
    assert vector.shape == (2, neck.neck.out_channels)
    assert all(p.grad is not None for p in neck.parameters())


def test_a_selected_pyramid_refuses_levels_that_3_does_not_divide():
    with pytest.raises(ValueError, match="3"):
        MODELS.build({"type": "lanmsff_plugins.SelectedPyramid", "in_channels": [64],
                      "neck": {"type": "lanmsff_plugins.FusionNeck"}})


SEVERAL = [row.name for row in catalog.LAYERS.values() if row.inputs > 1]


@pytest.mark.parametrize("name", SEVERAL)
def test_a_layer_of_several_maps_fuses_the_last_scales(name):
    torch.manual_seed(0)
    neck = MODELS.build({"type": "lanmsff_plugins.MultiInputNeck", "layer": {"type": f"lanmsff_plugins.{name}"},
                         "in_channels": [66, 72, 78, 84], "channels": 12})
    vector, = neck(build().eval()(IMAGES))
    assert vector.shape == (2, neck.out_channels) and neck.out_channels == 12 * catalog.LAYERS[name].outputs
    vector.square().sum().backward()
    assert all(p.grad is not None for p in neck.parameters())
    neck.global_pool = False
    assert neck(build().eval()(IMAGES))[0].shape == (2, neck.out_channels, 4, 4)


@pytest.mark.parametrize(("given", "message"), [
    ({"layer": {"type": "lanmsff_plugins.AF1"}}, "unknown layer of several maps 'AF1'; .*AF"),
    ({"in_channels": [78, 84]}, "AF takes 3 maps, got in_channels=.78, 84."),
    ({"channels": 3}, "AF needs out_channels of at least 4, got channels=3")])
def test_a_neck_of_several_maps_that_cannot_be_is_refused(given, message):
    with pytest.raises(ValueError, match=message):
        MODELS.build({"type": "lanmsff_plugins.MultiInputNeck", "layer": {"type": "lanmsff_plugins.AF"},
                      "in_channels": [72, 78, 84], "channels": 12, **given})
