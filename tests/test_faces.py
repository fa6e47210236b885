"""Photographs to expressions in one call."""
from importlib.util import find_spec

import numpy as np
import pytest
from PIL import Image

import lanmsff_plugins
from lanmsff_plugins import weights
from lanmsff_plugins.data.synthetic import draw_face
from lanmsff_plugins.faces import ENGINES, open_reader, read_faces
from lanmsff_plugins.inference.crops import Box
from lanmsff_plugins.inference.detect import Detection
from lanmsff_plugins.inference.preprocess import to_tensor
from lanmsff_plugins.pictures import read_picture


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    path = tmp_path_factory.mktemp("drawn") / "face.png"
    Image.fromarray(draw_face("happiness", 0., 0, np.random.default_rng(0), side=100)).save(path)
    return path


def test_the_astronaut_smiles(astronaut):
    pytest.importorskip("retinaface")
    face, = lanmsff_plugins.read_faces(astronaut)
    assert face.label == "happiness" and face.score > .9 and not face.warnings
    assert list(face.scores) == weights.card("lanmsff_ferplus")["classes"]


def test_a_path_its_bytes_an_image_and_an_array_give_one_answer(astronaut):
    pytest.importorskip("retinaface")
    sources = [astronaut, str(astronaut), astronaut.read_bytes(), Image.open(astronaut),
               read_picture(astronaut, colour=True)]
    found = read_faces(sources)
    assert all(faces == found[0] for faces in found)
    alone, = read_faces(str(astronaut))
    assert alone.box == found[0][0].box
    np.testing.assert_allclose(list(alone.scores.values()), list(found[0][0].scores.values()), atol=1e-5)


@pytest.mark.parametrize("name", weights.names())
@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_gives_what_the_network_gives(name, engine, drawn):
    for package in {"torch": (), "openvino": ("openvino", "onnxscript")}.get(engine, ("onnxruntime", "onnxscript")):
        if find_spec(package) is None:  # to import OpenVINO would tell its makers of it
            pytest.skip(f"{package} is not installed")
    face, = read_faces(drawn, name, "none", engine)
    image = to_tensor(read_picture(drawn), weights.card(name)["size"])
    expected = weights.load(name)(image[None]).softmax(1)[0].tolist()
    np.testing.assert_allclose(list(face.scores.values()), expected, atol=2e-4)


def test_a_detector_is_any_function(drawn):
    face, = read_faces(drawn, detector=lambda picture: [Detection(Box(0, 0, 100, 100), .5)])
    whole, = read_faces(drawn, detector="none")
    assert face.scores == whole.scores and face.detector_score == .5


def test_the_same_reader_serves_every_call():
    assert open_reader(detector="none") is open_reader(detector="none")


@pytest.mark.parametrize(("arguments", "message"), [
    (dict(engine="onnx"), "unknown engine 'onnx'; expected one of torch, onnxruntime, openvino"),
    (dict(weights="lanmsff_kdef"), "unknown packaged weights 'lanmsff_kdef'"),
    (dict(detector="mtcnn"), "unknown detector 'mtcnn'")])
def test_unknown_names_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        read_faces(np.zeros((9, 9), np.uint8), **arguments)
