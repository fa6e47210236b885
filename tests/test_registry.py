"""The scope resolves by itself, as configs without custom_imports need it."""
import subprocess
import sys

import pytest
from mmengine.registry import MODELS as ROOT_MODELS

import lanmsff_plugins.mm  # noqa: F401
from lanmsff_plugins import layers
from lanmsff_plugins.layers import catalog
from lanmsff_plugins.registry import MODELS


def test_a_config_resolves_the_scope_without_any_import_of_ours():
    code = ("from mmengine.registry import MODELS, DefaultScope; "
            "DefaultScope.get_instance('t', scope_name='mmpretrain'); "
            "print(type(MODELS.build(dict(type='lanmsff_plugins.MassAtt', in_channels=8))).__mro__[1])")
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True)
    assert "lanmsff_plugins.layers.mass_att.MassAtt" in done.stdout


@pytest.mark.parametrize("name", ["LANMSFFBackbone", "FusionNeck", "MassAtt", "PWFS", "FERPlus"])
def test_the_bare_name_resolves_once_the_package_is_imported(name):
    assert MODELS.get(name) is ROOT_MODELS.get(name)


def test_a_name_that_is_taken_in_the_root_is_left_alone():
    from lanmsff_plugins.registry import register

    class ImgDataPreprocessor:  # the root has one
        pass

    taken = ROOT_MODELS.get("ImgDataPreprocessor")
    register(MODELS)(ImgDataPreprocessor)
    try:
        assert ROOT_MODELS.get("ImgDataPreprocessor") is taken
        assert MODELS.get("lanmsff_plugins.ImgDataPreprocessor") is ImgDataPreprocessor
    finally:
        MODELS.module_dict.pop("ImgDataPreprocessor")


@pytest.mark.parametrize("given", [{}, {"channels": 8, "in_channels": 8}])
@pytest.mark.parametrize("name", ["MassAtt", "PWFS"])
def test_a_plugin_wants_its_channels_exactly_once(name, given):
    with pytest.raises(ValueError, match="number of channels once"):
        MODELS.build({"type": name, **given})


def test_mmcv_builds_mass_att_as_a_plugin_layer():
    from mmcv.cnn import build_plugin_layer
    name, layer = build_plugin_layer({"type": "lanmsff_plugins.MassAtt"}, postfix="_after", in_channels=12)
    assert name == "mass_att_after"
    assert isinstance(layer, layers.MassAtt) and layer.channels == 12


@pytest.mark.parametrize(("old", "new", "given"), [
    ("LANMSFF", "LANMSFFBackbone", {}), ("MultiScaleFusion", "FusionNeck", {"in_channels": [6, 12]})])
def test_the_old_names_still_build_in_configs_and_say_the_new_ones(old, new, given):
    for registry in (MODELS, ROOT_MODELS):
        with pytest.warns(DeprecationWarning, match=f"lanmsff_plugins.{old} is now called lanmsff_plugins.{new}"):
            built = registry.build({"type": f"lanmsff_plugins.{old}", **given})
        assert type(built) is MODELS.get(new)


@pytest.mark.parametrize("name", ["Pointwise", "GroupMax", "GroupMean", "AllChannels", "SpatialAtt", "TimmAttention"])
def test_stand_ins_of_the_ablation_have_no_bare_names(name):
    assert MODELS.get(f"lanmsff_plugins.{name}") is not None and name not in ROOT_MODELS.module_dict


def test_every_layer_of_the_catalog_that_a_config_can_build_is_registered():
    for layer in catalog.LAYERS.values():
        if layer.kind != "fusion":
            assert issubclass(MODELS.get(layer.name), layer.build)
