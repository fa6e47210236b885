"""The scope resolves by itself, as configs without custom_imports need it."""
import subprocess
import sys

import pytest
from mmengine.registry import MODELS as ROOT_MODELS

from lanmsff_plugins import layers
from lanmsff_plugins.registry import MODELS


def test_a_config_resolves_the_scope_without_any_import_of_ours():
    code = ("from mmengine.registry import MODELS, DefaultScope; "
            "DefaultScope.get_instance('t', scope_name='mmpretrain'); "
            "print(type(MODELS.build(dict(type='lanmsff_plugins.MassAtt', in_channels=8))).__mro__[1])")
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True)
    assert "lanmsff_plugins.layers.mass_att.MassAtt" in done.stdout


@pytest.mark.parametrize("name", ["LANMSFF", "MassAtt", "PWFS", "MultiScaleFusion"])
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
