"""Pictures to faces: what is cut out, what the network says of it, and what is warned of."""
import numpy as np
import pytest
import torch

from lanmsff_plugins.data.synthetic import draw_face
from lanmsff_plugins.inference.crops import Box, Point
from lanmsff_plugins.inference.detect import Detection
from lanmsff_plugins.inference.predictor import FaceReader, face_crop

CLASSES = ("dark", "light")


def by_brightness(images: torch.Tensor) -> torch.Tensor:
    """A network whose answer is how light a face is."""
    light = images.mean((1, 2, 3))
    return torch.stack([1 - light, light], 1) * 10


def scene(*squares: tuple[int, int, int, int]) -> np.ndarray:
    """A grey picture with squares of a level: x, y, side, level."""
    picture = np.full((100, 120), 127, np.uint8)
    for x, y, side, level in squares:
        picture[y:y + side, x:x + side] = level
    return picture


class Fixed:
    """A detector that finds what it was told."""

    factor = .5

    def __init__(self, *found: Detection):
        self.found = found

    def __call__(self, picture: np.ndarray) -> list[Detection]:
        assert picture.shape == (100, 120, 3)
        return list(self.found)


def test_each_face_gets_what_the_network_says_of_its_own_square():
    reader = FaceReader(by_brightness, CLASSES, Fixed(
        Detection(Box(10, 10, 40, 40), .9), Detection(Box(60, 50, 40, 40))))
    first, second = reader([scene((10, 10, 40, 255), (60, 50, 40, 0))])[0]
    assert (first.label, second.label) == ("light", "dark")
    assert first.detector_score == .9 and second.detector_score is None
    assert first.scores == pytest.approx({"dark": 1 / (1 + np.exp(10)), "light": 1 / (1 + np.exp(-10))}, abs=1e-5)
    assert first.score == first.scores["light"] and first.square.side == 20  # the detector's factor is a half
    assert (face_crop(scene((10, 10, 40, 255)), first) == 255).all()


def test_pictures_and_their_faces_stay_together_in_a_batch():
    def find(picture):
        return [Detection(Box(10. * i, 10, 10, 10)) for i in range(int(picture[0, 0, 0]) % 4)]

    pictures = [np.full((50, 60, 3), level, np.uint8) for level in (3, 0, 250, 1)]
    found = FaceReader(by_brightness, CLASSES, find)(pictures)
    assert [[face.label for face in faces] for faces in found] == [["dark"] * 3, [], ["light"] * 2, ["dark"]]


def test_a_picture_that_is_a_face_is_taken_whole():
    picture = draw_face("happiness", 0., 1, np.random.default_rng(0), side=90)[:, :70]
    face, = FaceReader(by_brightness, CLASSES)([picture])[0]
    assert face.box == (0, 0, 70, 90) and face.square is None and face.eyes is None and face.roll is None
    assert face_crop(picture, face) is picture


def test_calibrated_scores_are_those_at_the_temperature():
    picture = scene((0, 0, 60, 255))
    face, = FaceReader(by_brightness, CLASSES, temperature=2.5)([picture])[0]
    odds = face.scores[CLASSES[1]] / face.scores[CLASSES[0]]
    calibrated = face.calibrated[CLASSES[1]] / face.calibrated[CLASSES[0]]
    assert calibrated == pytest.approx(odds ** (1 / 2.5), rel=1e-4)
    assert sum(face.calibrated.values()) == pytest.approx(1)


def test_boxes_of_one_s_own_replace_the_detector():
    reader = FaceReader(by_brightness, CLASSES, Fixed(Detection(Box(0, 0, 10, 10))))
    face, = reader([scene((60, 50, 40, 255))], [[Box(60, 50, 40, 38)]])[0]
    assert face.label == "light" and face.square[:3] == (80, 69, 40)


def test_small_and_turned_faces_are_warned_of():
    eyes = Point(20, 20), Point(40, 20)
    reader = FaceReader(by_brightness, CLASSES, Fixed(
        Detection(Box(10, 10, 31, 30)), Detection(Box(10, 10, 32, 30)),
        Detection(Box(10, 10, 40, 40), 1., eyes, Point(41, 30)),
        Detection(Box(10, 10, 40, 40), 1., eyes, Point(31, 30))))
    assert [face.warnings for face in reader([scene()])[0]] == [
        ("small: 31 pixels",), (), ("turned to the side",), ()]


def test_a_leaning_head_is_turned_upright_for_the_network():
    """A head that leans by 30 degrees has its light side on top once it is upright."""
    eyes = Point(40, 40), Point(40 + 20 * np.cos(np.pi / 6), 40 + 20 * np.sin(np.pi / 6))
    face, = FaceReader(by_brightness, CLASSES, Fixed(Detection(Box(20, 20, 60, 60), 1., eyes)))([scene()])[0]
    assert face.roll == pytest.approx(30) and face.square.roll == pytest.approx(30)


@pytest.mark.parametrize("wrong", [
    np.zeros((4, 4)), np.zeros((4, 4, 4), np.uint8),
    np.zeros((0, 4), np.uint8), np.zeros(4, np.uint8), [[1, 2]], "a.jpg"])
def test_what_is_no_picture_is_refused(wrong):
    with pytest.raises(ValueError, match=r"a picture is \(H, W\) or \(H, W, 3\) uint8 in RGB, with pixels, got "):
        FaceReader(by_brightness, CLASSES)([wrong])


def test_no_pictures_give_no_faces():
    assert FaceReader(by_brightness, CLASSES)([]) == []
