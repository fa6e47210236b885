"""Detectors on a photograph of an astronaut that scikit-image brings."""
import os
import sys

import numpy as np
import pytest
from PIL import Image

from lanmsff_plugins.base.errors import DataError
from lanmsff_plugins.inference.crops import Box, Point, overlap
from lanmsff_plugins.inference.detect import Detection, TinyRetinaFace, YuNet, factor_of, open_detector, turn_of
from lanmsff_plugins.pictures import read_picture

FACE = Box(177, 56, 95, 120)  # of the astronaut, by eye
EYES = (204, 100), (247, 103)


def _detectors():
    yunet = os.environ.get("LANMSFF_YUNET")
    return [pytest.param(TinyRetinaFace, id="retinaface"),
            pytest.param(lambda: YuNet(yunet), id="yunet", marks=pytest.mark.skipif(
                not yunet, reason="LANMSFF_YUNET does not name the file face_detection_yunet_2023mar.onnx"))]


@pytest.fixture(scope="module", params=_detectors())
def detector(request):
    pytest.importorskip("retinaface")
    return request.param()


def scaled(picture: np.ndarray, scale: float) -> np.ndarray:
    size = [round(side * scale) for side in picture.shape[1::-1]]
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BILINEAR))


# Ten times as large, the picture is scaled down; at a quarter the face has 30 pixels; at four times the part of the
# picture, the face fills it and is larger than the networks know.
@pytest.mark.parametrize(("scale", "part"), [
    (1, False), (.5, False), (.25, False), (5, False), (1, True), (6, True)])
def test_the_astronaut_s_face_is_found_in_any_size(detector, astronaut, scale, part):
    picture = read_picture(astronaut, colour=True)
    left, top = (150, 30) if part else (0, 0)
    if part:
        picture = picture[30:200, 150:300]
    face, = detector(scaled(picture, scale))
    expected = Box((FACE.x - left) * scale, (FACE.y - top) * scale, FACE.width * scale, FACE.height * scale)
    assert overlap(face.box, expected) > .7 and .7 < face.score <= 1
    for eye, (x, y) in zip(face.eyes, EYES):
        assert np.hypot(eye.x - (x - left) * scale, eye.y - (y - top) * scale) < .1 * expected.height
    assert turn_of(face) < .15


def test_two_faces_are_two_detections(detector, astronaut):
    picture = read_picture(astronaut, colour=True)[30:200, 130:320]
    found = detector(np.hstack([picture, picture]))
    assert sorted(round(face.box.x / 190) for face in found) == [0, 1]


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (1, 5000), (5000, 1), (31, 47)])
def test_pictures_of_any_size_without_a_face_give_none(detector, size):
    assert detector(np.full((*size, 3), 127, np.uint8)) == []


def test_what_is_looked_at_stays_as_it_is(detector, astronaut):
    picture = read_picture(astronaut, colour=True)[30:200, 130:320]
    before = picture.copy()
    detector(picture)
    np.testing.assert_array_equal(picture, before)


def test_another_file_than_yunet_s_is_refused_by_its_hash(tmp_path):
    path = tmp_path / "face_detection_yunet_2023mar.onnx"
    path.write_bytes(b"no network")
    with pytest.raises(DataError, match="is not YuNet's file .* expected the SHA-256 8f2383e4.*, got "):
        open_detector("yunet", path)
    with pytest.raises(FileNotFoundError, match="no detector at .*nowhere.onnx; expected YuNet's file"):
        open_detector("yunet", tmp_path / "nowhere.onnx")


@pytest.mark.parametrize(("name", "weights", "message"), [
    ("retinafase", None, "unknown detector 'retinafase'; expected one of retinaface, yunet, none"),
    ("yunet", None, "takes its file"), ("retinaface", "x.onnx", "no other does")])
def test_unknown_names_and_missing_files_are_refused(name, weights, message):
    with pytest.raises(ValueError, match=message):
        open_detector(name, weights)


def test_none_is_no_detector():
    assert open_detector("none") is None


def test_a_package_of_the_same_module_name_is_named(monkeypatch):
    """retina-face, which deepface installs, has a module called retinaface too."""
    monkeypatch.setitem(sys.modules, "retinaface", type(sys)("retinaface"))
    monkeypatch.delitem(sys.modules, "retinaface.postprocess", raising=False)
    with pytest.raises(ImportError, match=r"pip install 'lanmsff-plugins\[faces\]', without the package retina-face"):
        TinyRetinaFace()


def test_a_head_is_turned_as_far_as_its_nose_is_from_the_middle_of_its_eyes():
    eyes = Point(10, 10), Point(30, 10)
    assert turn_of(Detection(Box(0, 0, 40, 40), 1., eyes, Point(20, 20))) == 0
    assert turn_of(Detection(Box(0, 0, 40, 40), 1., eyes, Point(30, 25))) == pytest.approx(.5)
    leaning = Point(10, 10), Point(24, 24)  # the same head, leaning: its nose is below the middle of its eyes still
    assert turn_of(Detection(Box(0, 0, 40, 40), 1., leaning, Point(11, 23))) == pytest.approx(0)
    assert turn_of(Detection(Box(0, 0, 40, 40))) == 0


def test_a_detector_says_how_much_is_cut_out_and_other_functions_need_not():
    assert factor_of(TinyRetinaFace) == .95 and factor_of(lambda picture: []) == 1
