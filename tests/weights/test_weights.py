"""The packaged weights are what their cards say, and every door loads them."""
import io
from hashlib import sha256

import numpy as np
import pytest
import timm
import torch
import yaml
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file

import timm_registry  # noqa: F401
from lanmsff_plugins import LANMSFF, weights
from lanmsff_plugins.data.fer2013.faces import FER2013_CLASSES
from lanmsff_plugins.data.fer2013.selection import select_fer2013, select_ferplus
from lanmsff_plugins.data.fer2013.votes import FERPLUS_CLASSES
from lanmsff_plugins.measure.flops import count
from lanmsff_plugins.models import VARIANTS
from lanmsff_plugins.reporting import cards

from ..conftest import ROOT

CLASSES = {"ferplus": FERPLUS_CLASSES, "fer2013": FER2013_CLASSES}
SELECT = {"ferplus": select_ferplus, "fer2013": select_fer2013}
NAMES = weights.names()


def tag(name: str) -> str:
    return ".".join(name.rsplit("_", 1))  # lanmsff_ferplus is timm's lanmsff.ferplus


def test_there_are_weights_for_both_data_sets():
    assert {"lanmsff_ferplus", "lanmsff_fer2013"} <= set(NAMES)


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(ValueError, match="'lanmsff_kdef'; expected one of lanmsff_fer2013, "):
        weights.weights_file("lanmsff_kdef")


@pytest.mark.parametrize("name", NAMES)
def test_the_card_describes_the_file(name):
    card, path = weights.card(name), weights.weights_file(name)
    assert card["sha256"] == sha256(path.read_bytes()).hexdigest()
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
    assert metadata["classes"].split(", ") == card["classes"] == list(CLASSES[card["tag"]])
    model = LANMSFF(channels=VARIANTS[card["model"]].channels, num_classes=len(card["classes"]))
    model.load_state_dict(load_file(path))  # the plain class
    assert card["parameters"] == sum(p.numel() for p in model.parameters())
    assert metadata["input"] == card["input"] == cards.describe_input(card["size"])
    assert path.stat().st_size < 1.5e6


@torch.no_grad()
@pytest.mark.parametrize("name", NAMES)
def test_timm_loads_them_offline(name, monkeypatch):
    import socket

    monkeypatch.setattr(socket.socket, "connect", lambda *args: pytest.fail("went online"))
    assert tag(name) in timm.list_pretrained("lanmsff*")
    card, model = weights.card(name), timm.create_model(tag(name), pretrained=True)
    np.testing.assert_allclose(cards.drawn_logits(model, card["size"]), card["drawn"], atol=2e-3)
    assert list(model.pretrained_cfg["label_names"]) == card["classes"]
    assert model.pretrained_cfg["input_size"] == (1, card["size"], card["size"])


@pytest.mark.parametrize("name", NAMES)
def test_they_score_on_real_faces_what_the_card_says(name, real_data):
    card = weights.card(name)
    model = timm.create_model(tag(name), pretrained=True)
    got = cards.hits_in_sample(model, card["size"], card["data"]["type"], real_data)
    assert got["faces"] == card["sample"]["faces"]
    assert abs(got["hits"] - card["sample"]["hits"]) <= 1  # one face may stand on the edge between two classes


@torch.no_grad()
@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_they_score_on_all_real_faces_what_the_card_says(name, real_data):
    card = weights.card(name)
    said, faces = card["figures"]["test"], SELECT[card["tag"]](real_data, "test")
    assert len(faces.rows) == said["faces"]
    model, hits = timm.create_model(tag(name), pretrained=True).eval(), 0
    transform = timm.data.create_transform(**timm.data.resolve_model_data_config(model))
    for start in range(0, len(faces), 128):
        chosen = slice(start, start + 128)
        scores = model(torch.stack([transform(Image.fromarray(face)) for face in faces.pictures[chosen]]))
        hits += (scores.argmax(1).numpy() == faces.labels[chosen]).sum()
    assert abs(hits - said["faces"] * said["accuracy"] / 100) <= 1


def test_the_metafile_and_the_docs_say_what_the_cards_say():
    every = [weights.card(name) for name in NAMES]
    models = {card["name"]: weights.load(card["name"]) for card in every}
    text = (ROOT / "mm_configs" / "metafile.yml").read_text()
    assert text == cards.metafile(every, models)
    for card, entry in zip(every, yaml.safe_load(text)["Models"]):
        assert entry["Metadata"]["FLOPs"] == count(models[card["name"]], (1, card["size"], card["size"])).macs
        assert entry["Results"][0]["Metrics"]["Top 1 Accuracy"] == card["figures"]["test"]["accuracy"]
        assert (ROOT / "mm_configs" / entry["Config"]).is_file()
    assert cards.tables(every) in (ROOT / "docs" / "results.md").read_text()


def picture(mode: str, file_format: str) -> io.BytesIO:
    face = Image.fromarray(np.random.default_rng(0).integers(0, 256, (90, 70, 4), dtype=np.uint8), "RGBA").convert(mode)
    buffer = io.BytesIO()
    face.save(buffer, file_format)
    return buffer


@torch.no_grad()
@pytest.mark.parametrize(("mode", "file_format"), [
    ("L", "PNG"), ("RGB", "JPEG"), ("RGBA", "PNG"), ("P", "PNG"), ("1", "PNG"), ("LA", "PNG"), ("CMYK", "JPEG"),
    ("L", "BMP"), ("RGB", "WEBP"), ("P", "GIF"), ("I;16", "PNG"), ("F", "TIFF")])
def test_any_picture_goes_in(mode, file_format):
    model = timm.create_model("lanmsff.ferplus", pretrained=True).eval()
    transform = timm.data.create_transform(**timm.data.resolve_model_data_config(model))
    if mode == "I;16":
        image = Image.fromarray(np.arange(4900, dtype=np.uint16).reshape(70, 70))
    else:
        image = Image.open(picture(mode, file_format)) if mode != "F" else Image.fromarray(np.zeros((70, 70), "f4"))
    x = transform(image.convert("L"))
    assert x.shape == (1, 64, 64) and 0 <= x.min() and x.max() <= 1
    assert model(x[None]).softmax(1).sum().item() == pytest.approx(1)
