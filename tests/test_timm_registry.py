"""Once timm_registry is imported, timm makes, loads, cuts and feeds LANMSFF as it does its own models."""
import subprocess
import sys

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

import timm_registry
from lanmsff_plugins import LANMSFF
from lanmsff_plugins.cli.main import main
from lanmsff_plugins.models.naming import to_mm

from .conftest import ROOT
from .versions import local_dir, needs

IMAGES = torch.rand(2, 1, 64, 64, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def parity(keras_parity, tmp_path_factory):
    """The authors' images and probabilities, and their weights in the converter's file."""
    path = tmp_path_factory.mktemp("weights") / "lanmsff.safetensors"
    main("convert-keras", [str(keras_parity / "lanmsff.weights.h5"), str(path)])
    arrays = np.load(keras_parity / "expected.npz")
    return torch.from_numpy(arrays["x"]).permute(0, 3, 1, 2), torch.from_numpy(arrays["probs"]), path


def test_timm_lists_the_models():
    assert timm.list_models("lanmsff*") == timm.list_models(module="timm_registry") == [
        "lanmsff", "lanmsff_large", "lanmsff_nano", "lanmsff_small"]
    assert timm.is_model("lanmsff") and timm.model_entrypoint("lanmsff") is timm_registry.lanmsff


def test_timm_makes_the_model_of_the_paper():
    model = timm.create_model("lanmsff")
    assert isinstance(model, LANMSFF) and sum(p.numel() for p in model.parameters()) == 356_451


@torch.no_grad()
def test_a_converted_file_gives_the_authors_probabilities(parity):
    x, probabilities, path = parity
    model = timm.create_model("lanmsff", checkpoint_path=path).eval()
    torch.testing.assert_close(model(x).softmax(1), probabilities, rtol=0, atol=1e-5)


def pretrained(path, **kwargs):
    """The weights of ``path`` in the place of packaged ones."""
    return timm.create_model("lanmsff", pretrained=True, pretrained_cfg_overlay={"file": str(path)}, **kwargs).eval()


@torch.no_grad()
def test_pretrained_weights_may_have_the_names_of_mm(parity, tmp_path):
    x, probabilities, path = parity
    save_file(to_mm(load_file(path)), tmp_path / "mm.safetensors")
    torch.testing.assert_close(
        pretrained(tmp_path / "mm.safetensors")(x).softmax(1), probabilities, rtol=0, atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("in_chans", [1, 2, 3, 4, 7])
def test_pretrained_weights_see_a_grey_picture_in_any_number_of_channels_as_in_one(parity, in_chans):
    x, probabilities, path = parity
    model = pretrained(path, in_chans=in_chans)
    torch.testing.assert_close(model(x.expand(-1, in_chans, -1, -1)).softmax(1), probabilities, rtol=0, atol=1e-5)


@torch.no_grad()
def test_pretrained_weights_keep_all_but_the_head_for_other_classes(parity):
    x, _, path = parity
    model = pretrained(path, num_classes=7)
    assert model(x).shape == (4, 7)
    torch.testing.assert_close(model.forward_features(x), pretrained(path).forward_features(x))


@torch.no_grad()
@pytest.mark.parametrize(("num_classes", "width"), [(0, 156), (7, 7)])
def test_the_number_of_classes_is_an_argument(num_classes, width):
    assert timm.create_model("lanmsff", num_classes=num_classes).eval()(IMAGES).shape == (2, width)


@torch.no_grad()
def test_three_channels_are_an_argument():
    model = timm.create_model("lanmsff", in_chans=3).eval()
    assert model(torch.rand(2, 3, 64, 64)).shape == (2, 8)


@torch.no_grad()
@pytest.mark.parametrize("feature_cls", [None, "list", "hook", "fx", "getter"])
@pytest.mark.parametrize("out_indices", [None, (1, 3), (0,), (-1,)])
def test_features_are_the_blocks_asked_for(out_indices, feature_cls):
    kwargs = {key: value for key, value in
              {"out_indices": out_indices, "feature_cls": feature_cls}.items() if value is not None}
    features = timm.create_model("lanmsff", features_only=True, **kwargs).eval()
    blocks = [i % 4 for i in out_indices or range(4)]
    assert features.feature_info.channels() == [(66, 72, 78, 84)[i] for i in blocks]
    assert features.feature_info.reduction() == [(2, 4, 8, 16)[i] for i in blocks]
    assert [x.shape[1:] for x in features(IMAGES)] == [
        (info["num_chs"], 64 // info["reduction"], 64 // info["reduction"])
        for info in features.feature_info.get_dicts()]


@torch.no_grad()
@pytest.mark.parametrize("feature_cls", ["list", "hook", "fx", "getter"])
def test_features_are_those_of_the_whole_network(parity, feature_cls):
    x, _, path = parity
    got = pretrained(path, features_only=True, feature_cls=feature_cls)(x)
    torch.testing.assert_close(list(got), pretrained(path).forward_blocks(x))


@torch.no_grad()
@pytest.mark.parametrize("size", [(32, 32), (48, 48), (64, 96), (33, 47), (224, 224)])
def test_pretrained_weights_take_any_size_from_32_up(parity, size):
    model = pretrained(parity[2])
    assert model(torch.rand(1, 1, *size)).isfinite().all()


def test_a_misspelt_argument_is_refused():
    with pytest.raises(TypeError, match="num_class"):
        timm.create_model("lanmsff", num_class=7)


def test_the_data_config_is_one_grey_picture_of_64():
    config = timm.data.resolve_model_data_config(timm.create_model("lanmsff"))
    assert (config["input_size"], config["mean"], config["std"]) == ((1, 64, 64), (0.,), (1.,))
    assert (config["interpolation"], config["crop_pct"]) == ("bilinear", 1.0)


def test_the_transform_gives_grey_levels_divided_by_255():
    grey = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    config = timm.data.resolve_model_data_config(timm.create_model("lanmsff"))
    got = timm.data.create_transform(**config)(Image.fromarray(grey))
    torch.testing.assert_close(got, torch.from_numpy(grey / np.float32(255))[None], rtol=0, atol=0)


def test_the_config_names_the_first_convolution_and_the_classifier():
    model = timm.create_model("lanmsff")
    cfg = model.pretrained_cfg
    assert model.get_submodule(cfg["first_conv"]).in_channels == cfg["input_size"][0] == 1
    assert model.get_submodule(cfg["classifier"]) is model.get_classifier()
    assert len(cfg["label_names"]) == cfg["num_classes"] == model.num_classes
    assert model.forward_features(IMAGES).shape[2:] == cfg["pool_size"]
    assert model.eval()(torch.rand(1, *cfg["min_input_size"])).shape == (1, 8)


@torch.no_grad()
@pytest.mark.parametrize("name", ["lanmsff_nano", "lanmsff_small", "lanmsff_large"])
def test_the_variants_follow_the_papers_scheme(name):
    model = timm.create_model(name).eval()
    channels = [info["num_chs"] for info in model.feature_info]
    assert len({b - a for a, b in zip(channels, channels[1:])}) == 1  # equal steps
    assert model.num_features == sum(channels[:3]) // 3 + channels[3]
    assert model(IMAGES).shape == (2, 8)


def test_the_docs_give_the_familys_parameters_and_multiply_accumulates():
    from fvcore.nn import FlopCountAnalysis

    readme = (ROOT / "docs" / "performance.md").read_text()
    for name in timm.list_models(module="timm_registry"):
        model = timm.create_model(name).eval()
        flops = FlopCountAnalysis(model, IMAGES[:1]).unsupported_ops_warnings(False).by_operator()
        parameters = sum(p.numel() for p in model.parameters())
        assert f"| `{name}` | {parameters:,} | {flops['conv'] + flops['linear']:,} |" in readme


def test_a_script_of_timm_knows_the_models(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("import sys, timm; print(timm.is_model('lanmsff'), sys.argv[1:], __name__)")
    done = subprocess.run([sys.executable, "-m", "timm_registry", script, "--model", "lanmsff"], capture_output=True,
                          text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "True ['--model', 'lanmsff'] __main__"


@needs("timm", "1.0.8", "test_efficientnet")
def test_within_a_script_of_timm_its_models_take_our_layers_by_name(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import timm, torch\n"
        "for name, slot in (('resnet10t', dict(block_args=dict(attn_layer='mass_att'))), ('gernet_s', dict(attn_layer="
        "'MassAtt')), ('test_efficientnet', dict(se_layer='mass_att')), ('resnet10t', dict(block_args=dict(attn_layer="
        "'se')))):\n"
        "    model = timm.create_model(name, **slot).eval()\n"
        "    print([type(m).__name__ for m in model.modules()].count('MassAtt') > 0, "
        "tuple(model(torch.rand(1, 3, 32, 32)).shape))")
    done = subprocess.run([sys.executable, "-m", "timm_registry", script], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["True (1, 1000)"] * 3 + ["False (1, 1000)"]


def test_elsewhere_timm_is_as_it_was():
    with pytest.raises(AssertionError, match="Invalid attn module"):
        timm.create_model("resnet10t", block_args=dict(attn_layer="mass_att"))


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_says_what_the_command_does(flag):
    done = subprocess.run([sys.executable, "-m", "timm_registry", flag], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0 and not done.stderr
    assert done.stdout.startswith("usage: python -m timm_registry SCRIPT") and "'mass_att'" in done.stdout


@pytest.mark.parametrize("slot", [
    dict(norm_layer="batchnorm2d"), dict(act_layer="silu"), dict(attn_layer="se"), dict(attn_layer="mass_att")])
def test_layers_can_be_given_by_name(slot):
    assert timm.create_model("lanmsff", **slot).eval()(IMAGES).shape == (2, 8)


@pytest.mark.parametrize(("slot", "message"), [
    (dict(norm_layer="batchnormx"), "unknown norm_layer 'batchnormx'; expected"),
    (dict(attn_layer="mas_att"), "unknown attn_layer 'mas_att'; did you mean mass_att")])
def test_a_layer_of_no_name_that_exists_is_refused(slot, message):
    with pytest.raises(ValueError, match=message):
        timm.create_model("lanmsff", **slot)


def test_the_pictures_of_timms_scripts_follow_the_channels_that_they_ask_for():
    """timm's train.py builds every model with in_chans=3, and opens colour or grey pictures by the data config."""
    model = timm.create_model("lanmsff.ferplus", pretrained=True, num_classes=4, in_chans=3).eval()
    config = timm.data.resolve_data_config({}, model=model)
    assert (config["input_size"], config["mean"], config["std"]) == ((3, 64, 64), (0.,) * 3, (1.,) * 3)
    colour = Image.fromarray(np.random.default_rng(0).integers(0, 256, (50, 60, 3), dtype=np.uint8))
    assert model(timm.data.create_transform(**config)(colour)[None]).shape == (1, 4)
    features = timm.create_model("lanmsff", features_only=True, in_chans=3)
    assert features.pretrained_cfg["input_size"] == (3, 64, 64)


@pytest.mark.parametrize("args", [[], ["nothing.py"]])
def test_a_missing_script_is_named(args):
    done = subprocess.run([sys.executable, "-m", "timm_registry", *args], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 2
    assert done.stderr.startswith("error: no script") and done.stderr.count("\n") == 1


@torch.no_grad()
@local_dir
def test_a_saved_model_comes_back_from_its_folder(parity, tmp_path):
    from timm.models import save_for_hf

    x, probabilities, path = parity
    save_for_hf(pretrained(path, in_chans=3), str(tmp_path / "hub"), safe_serialization=True)
    model = timm.create_model(f"local-dir:{tmp_path / 'hub'}", pretrained=True, in_chans=3).eval()
    torch.testing.assert_close(model(x.expand(-1, 3, -1, -1)).softmax(1), probabilities, rtol=0, atol=1e-5)


@torch.no_grad()
def test_torchvisions_feature_extractor_finds_the_blocks(parity):
    from torchvision.models.feature_extraction import create_feature_extractor

    x, _, path = parity
    model = pretrained(path)
    nodes = {info["module"] + ".shrink": str(i) for i, info in enumerate(model.feature_info)}
    got = create_feature_extractor(model, return_nodes=nodes)(x)
    torch.testing.assert_close(list(got.values()), model.forward_blocks(x))


@torch.no_grad()
def test_segmentation_models_pytorch_takes_it_as_an_encoder():
    smp = pytest.importorskip("segmentation_models_pytorch")
    model = smp.Unet(
        "tu-lanmsff", encoder_depth=4, decoder_channels=(64, 48, 32, 16), in_channels=1, encoder_weights=None).eval()
    assert model.encoder.out_channels == [1, 66, 72, 78, 84]
    assert model(IMAGES).shape == (2, 1, 64, 64)
