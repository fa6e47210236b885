"""A folder for the hub gives the same network in timm and in transformers, and its card says what ours does."""
import re

import numpy as np
import pytest
import timm
import torch
import yaml
from PIL import Image

import timm_registry  # noqa: F401
from lanmsff_plugins import weights
from lanmsff_plugins.inference.preprocess import to_batch
from lanmsff_plugins.reporting.hub import write_hub_folder
from lanmsff_plugins.weights.loading import load_weights

from ..conftest import ROOT
from ..versions import local_dir, needs

pytestmark = local_dir
IMAGES = torch.rand(2, 1, 64, 64, generator=torch.Generator().manual_seed(0))
CARD = weights.card("lanmsff_ferplus")


@pytest.fixture(scope="module")
def model():
    return timm.create_model("lanmsff.ferplus", pretrained=True).eval()


@pytest.fixture(scope="module")
def folder(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("hub") / "lanmsff_ferplus"
    write_hub_folder(model, path, CARD["classes"], CARD)
    return path


def test_timm_loads_the_same_network(folder, model):
    loaded = timm.create_model(f"local-dir:{folder}", pretrained=True).eval()
    assert torch.equal(loaded(IMAGES), model(IMAGES))
    assert tuple(loaded.pretrained_cfg["label_names"]) == tuple(CARD["classes"])


def test_transformers_loads_the_same_network_and_saves_what_loads_here(folder, model, tmp_path):
    transformers = pytest.importorskip("transformers")
    loaded = transformers.AutoModelForImageClassification.from_pretrained(folder).eval()
    assert torch.equal(loaded(IMAGES).logits, model(IMAGES))
    assert list(loaded.config.id2label.values()) == CARD["classes"]
    loaded.save_pretrained(tmp_path / "saved")
    again = timm.create_model("lanmsff").eval()
    load_weights(again, tmp_path / "saved")
    assert torch.equal(again(IMAGES), model(IMAGES))


def test_transformers_prepares_a_picture_as_we_do(folder):
    transformers = pytest.importorskip("transformers")
    face = Image.open(ROOT / "docs" / "face.png").convert("L")
    prepared = transformers.AutoImageProcessor.from_pretrained(folder)(face)["pixel_values"]
    torch.testing.assert_close(prepared, to_batch([np.asarray(face)]))


def test_the_card_has_the_hubs_metadata_and_our_figures(folder):
    text = (folder / "README.md").read_text()
    metadata = yaml.safe_load(re.match(r"---\n(.*?)\n---\n", text, re.DOTALL)[1])
    assert (metadata["library_name"], metadata["pipeline_tag"], metadata["license"]) == (
        "timm", "image-classification", "other")
    result, = metadata["model-index"][0]["results"]
    assert {"type": "accuracy", "value": CARD["figures"]["test"]["accuracy"]} in result["metrics"]
    assert CARD["data"]["licence"] in text and ", ".join(CARD["classes"]) in text


def test_nothing_in_the_folder_names_a_path_of_this_machine(folder):
    for name in ("config.json", "README.md"):
        assert str(ROOT) not in (folder / name).read_text() and "weights_file" not in (folder / name).read_text()


@pytest.mark.parametrize("arguments", [
    {}, {"num_classes": 7}, {"in_chans": 3},
    pytest.param({"attn_layer": "se"}, marks=needs("timm", "1.0.31", "the arguments of a model by local-dir:"))])
def test_other_forms_of_the_network_come_back_as_they_were(tmp_path, arguments):
    torch.manual_seed(0)
    made = timm.create_model("lanmsff_small", **arguments).eval()
    images = torch.rand(1, made.in_chans, 64, 64)
    write_hub_folder(made, tmp_path / "hub")
    assert torch.equal(timm.create_model(f"local-dir:{tmp_path / 'hub'}", pretrained=True).eval()(images),
                       made(images))


def test_a_folder_that_holds_something_is_left_alone(model, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="there is something at .*; name a folder that does not exist yet"):
        write_hub_folder(model, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_what_timm_cannot_build_again_is_refused_and_leaves_nothing(tmp_path):
    made = timm.create_model("lanmsff_small")
    made.blocks[0].conv1.conv = torch.nn.Conv2d(1, 30, 3, bias=False)
    with pytest.raises(ValueError, match="timm .* than it saved|timm cannot load what it saved"):
        write_hub_folder(made, tmp_path / "hub")
    assert not list(tmp_path.iterdir())
