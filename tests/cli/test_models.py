"""A model is found by what a user would write, and what is wrong is said in one line."""
import subprocess
import sys

import pytest
import torch
from torch import nn

from lanmsff_plugins import LANMSFF, MassAtt, weights
from lanmsff_plugins.cli.models import build_model, default_shape, is_untrained, run_once

from ..conftest import ROOT
from ..test_packaging import WITHOUT_OPENMMLAB


@pytest.mark.parametrize(("name", "type_"), [
    ("lanmsff", LANMSFF), ("lanmsff(num_classes=7)", LANMSFF), ("lanmsff_plugins:LANMSFF", LANMSFF),
    ("lanmsff_plugins.LANMSFF", LANMSFF), ("lanmsff_plugins:MassAtt(72, rd_ratio=0.5)", MassAtt)])
def test_timm_names_and_factories_build(name, type_):
    assert isinstance(build_model(name), type_)


def test_arguments_are_taken():
    assert build_model("lanmsff(num_classes=7)").num_classes == 7
    assert build_model("lanmsff_plugins:MassAtt(72, rd_ratio=0.5)").fc1.out_features == 36


def test_a_config_builds_its_model():
    pytest.importorskip("mmpretrain")
    model = build_model(str(ROOT / "mm_configs" / "lanmsff_kdef.py"))
    assert run_once(model, default_shape(model), "kdef").shape == (1, 7)


def test_openmmlab_is_wanted_by_configs_alone():
    code = WITHOUT_OPENMMLAB + """
from lanmsff_plugins.cli.models import build_model
build_model("lanmsff")
try:
    build_model("mm_configs/lanmsff_ferplus.py")
except ValueError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.startswith("mm_configs/lanmsff_ferplus.py is a config, and these need OpenMMLab"), done.stderr


@pytest.mark.parametrize(("name", "shape"), [
    ("lanmsff", (1, 64, 64)), ("lanmsff(in_chans=3)", (3, 64, 64)), ("resnet18", (3, 224, 224)),
    ("torch.nn:Conv2d(1, 2, 1)", (1, 64, 64))])
def test_the_shape_is_the_one_a_model_is_made_for(name, shape):
    assert default_shape(build_model(name)) == shape


@pytest.mark.parametrize("name", [
    "lanmsff.ferplus", "lanmsff_ferplus", "lanmsff://lanmsff_ferplus", "lanmsff.ferplus(drop_rate=0.1)"])
def test_a_name_of_weights_gives_these_weights(name):
    torch.testing.assert_close(build_model(name).state_dict(), weights.load("lanmsff_ferplus").state_dict(), rtol=0,
                               atol=0)
    assert not is_untrained(name)


@pytest.mark.parametrize("name", [
    "lanmsff", "lanmsff(num_classes=7)", "lanmsff.ferplus(pretrained=False)", "lanmsff_large.untrained", "mine.py"])
def test_a_name_without_weights_is_known_to_be_untrained(name):
    assert is_untrained(name)


@pytest.mark.parametrize(("name", "message"), [
    ("lanmsff.ferpluss", "unknown weights 'lanmsff.ferpluss'; expected one of lanmsff.fer2013, lanmsff.ferplus"),
    ("lanmsff://ferplus", "unknown packaged weights 'ferplus'; expected one of lanmsff_fer2013, lanmsff_ferplus"),
    ("lanmsff.ferplus(num_classes=7)", "has weights for 8 classes, got num_classes=7; leave num_classes out"),
    ("lanmsff.ferplus(channels=(12, 12, 12, 12))", "cannot be built: .*size mismatch"),
    ("lanmsf", "unknown timm model 'lanmsf'; did you mean lanmsff"),
    ("nothing_like_it", "unknown timm model 'nothing_like_it'; see timm.list_models"),
    ("lanmsff(", "cannot be read: expected NAME"),
    ("lanmsff(num_classes=len('abc'))", "cannot be read: expected NAME"),
    ("lanmsff(norm_layer='groupnorm')", "cannot be built: num_channels .*must be divisible by num_groups"),
    ("lanmsff(colour=1)", "cannot be built: LANMSFF.__init__"),
    ("lanmsff_plugins:Nothing", "nothing to import at 'lanmsff_plugins:Nothing'"),
    ("os.path", "os.path is module, expected something that makes a torch.nn.Module"),
    ("builtins:dict", "is dict, expected something that makes a torch.nn.Module"),
    ("lanmsff_plugins:MassAtt(0)", "MassAtt needs at least one channel")])
def test_what_is_no_model_is_refused_by_name(name, message):
    with pytest.raises(ValueError, match=message) as error:
        build_model(name)
    assert "\n" not in str(error.value)


def test_a_missing_config_is_named():
    pytest.importorskip("mmpretrain")
    with pytest.raises(FileNotFoundError, match="no config at nowhere.py"):
        build_model("nowhere.py")


@pytest.mark.parametrize(("shape", "message"), [
    ((3, 64, 64), "lanmsff does not take an image of 3x64x64: LANMSFF was built for 1 channels"),
    ((1, 8, 8), "lanmsff does not take an image of 1x8x8: .*; say --shape C H W")])
def test_an_image_that_does_not_fit_is_named(shape, message):
    with pytest.raises(ValueError, match=message):
        run_once(LANMSFF(), shape, "lanmsff")


def test_more_than_a_tensor_is_refused():
    class Two(nn.Module):
        def forward(self, x):
            return x, x

    with pytest.raises(ValueError, match="two gives tuple, expected one tensor"):
        run_once(Two(), (1, 2, 2), "two")
    assert torch.equal(run_once(nn.Identity(), (1, 2, 2), "one"), torch.zeros(1, 1, 2, 2))


def test_an_argument_that_timm_would_leave_out_is_refused():
    with pytest.raises(ValueError, match=r"lanmsff\(attn_layer=None\) would keep the default of attn_layer"):
        build_model("lanmsff(attn_layer=None)")
