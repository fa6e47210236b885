"""Networks of others and ours are asked through one door, and judged by the names of their classes."""
import csv
import re
from importlib.util import find_spec

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from lanmsff_plugins import weights
from lanmsff_plugins.base.errors import DataError
from lanmsff_plugins.data.fer2013.votes import FERPLUS_CLASSES
from lanmsff_plugins.inference.preprocess import to_batch

from ..processes import ROOT, import_script


@pytest.fixture(scope="module")
def door():
    return import_script("peers/door.py")


def faces(count=5):
    return np.random.default_rng(0).integers(0, 256, (count, 48, 48), np.uint8)


def test_every_peer_is_pinned_and_speaks_of_classes_that_the_data_have(door):
    for peer in door.peers().values():
        assert set(door.named(peer.classes)) <= set(FERPLUS_CLASSES), peer.name
        assert all(re.search(r"[=@][\d.]+$", package) for package in (*peer.pip, *peer.npm)), peer.name
        assert (ROOT / "tools" / "peers" / "workers" / peer.worker).is_file(), peer.name
        assert peer.labels in door.LABELS and peer.licence and peer.runs


def test_all_packaged_weights_take_part(door):
    assert set(weights.names()) <= door.peers().keys()


def test_a_class_is_right_by_its_name_and_what_has_no_label_does_not_count(door):
    peer = door.Peer("a", "a.py", ("happy", "sad", "fearful"), "", "")
    scores = np.eye(3)[[0, 1, 2, 0, 0]]
    labels = np.array(["happiness", "sadness", "fear", "contempt", ""])
    assert door.accuracy(peer, scores, labels) == pytest.approx(75)


def test_the_faces_have_the_labels_and_names_of_ferplus(door, real_data):
    faces = door.labelled_faces(real_data)
    assert faces.pictures.shape == (3589, 48, 48) and len(set(faces.rows)) == 3589
    assert (faces.labels["FER-2013"] != "").all() and (faces.labels["FERPlus"] != "").sum() == 3153
    with open(real_data / "fer2013new.csv", newline="") as file:
        lines = list(csv.DictReader(file))
    votes = np.array([[int(line[name]) for name in door.LABELS["FERPlus"].classes] for line in lines])
    for face in np.flatnonzero(faces.labels["FERPlus"] != "")[::100]:
        row = faces.rows[face]
        assert faces.names[face] == lines[row]["Image name"]
        assert faces.labels["FERPlus"][face] == door.LABELS["FERPlus"].classes[votes[row].argmax()]
    part = faces[faces.labels["FERPlus"] == "fear"]
    assert set(part.labels["FERPlus"]) == {"fear"} and len(part.pictures) == len(part.rows) == len(part.names)


@pytest.mark.slow
@pytest.mark.parametrize("engine", [
    "PyTorch", pytest.param("OpenVINO", marks=pytest.mark.skipif(find_spec("openvino") is None, reason="no OpenVINO"))])
def test_ours_says_through_the_door_what_it_says_directly_and_is_remembered(door, engine, tmp_path):
    ours = door.peers()["lanmsff_ferplus"]
    peer = {form.runs: form for form in (ours, door.in_openvino(ours))}[engine]
    with door.Classifier(peer, tmp_path) as classify:
        scores = classify(faces())
        assert classify.facts["parameters"] == 356451
        assert classify.facts["size"] == weights.weights_file(peer.name).stat().st_size
        assert classify.seconds > 0
    expected = weights.load(peer.name)(to_batch(faces())).softmax(1).detach().numpy()
    assert scores == pytest.approx(expected, abs=1e-5)
    with door.Classifier(peer, tmp_path) as again:
        assert np.array_equal(again(faces()), scores)
        assert again.seconds == 0
        assert not np.array_equal(again(faces(4)), scores[:3])


@pytest.mark.slow
def test_other_weights_of_a_network_of_ours_are_asked_by_themselves(door, tmp_path):
    model = weights.load("lanmsff_nano_ferplus")
    with torch.no_grad():
        model.head.fc.bias += torch.arange(8.)
    save_file(model.state_dict(), tmp_path / "other.safetensors")
    peer = door.with_checkpoint(door.peers()["lanmsff_nano_ferplus"], tmp_path / "other.safetensors")
    with door.Classifier(peer, tmp_path) as classify:
        scores = classify(faces())
    assert scores == pytest.approx(model(to_batch(faces(), 48)).softmax(1).detach().numpy(), abs=1e-5)


def test_a_network_that_stops_is_named_with_its_reason(door, tmp_path):
    peer = door.Peer("broken", "ours.py", (), "", "", arguments=("no_such_weights", "0"))
    with pytest.raises(DataError, match="broken stopped: .*no_such_weights.*broken/worker.log"):
        door.Classifier(peer, tmp_path).ask(faces())


def test_packages_that_cannot_be_installed_leave_nothing_behind(door, tmp_path):
    with pytest.raises(DataError, match="no such folder/x.whl cannot be installed"):
        door.install((f"{tmp_path}/no such folder/x.whl",), (), tmp_path)
    assert list((tmp_path / "packages").iterdir()) == []
