"""Faces are saved, opened and pickled as they were."""
import pickle
from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import save

from lanmsff_plugins.base.errors import DataError
from lanmsff_plugins.data.fer2013.faces import Faces
from lanmsff_plugins.data.fer2013.reader import read_fer2013

ARRAYS = ("pixels", "emotion", "usage")


def make_faces(emotions: bytes) -> Faces:
    """One face for each emotion, its pixels are all of that value."""
    emotion = np.frombuffer(emotions, np.uint8)
    return Faces(np.repeat(emotion, 48 * 48).reshape(-1, 48, 48), emotion, emotion % 3)


def assert_equal(found: Faces, expected: Faces) -> None:
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))


def test_pickling_carries_the_path_and_not_the_pixels(forty_faces):
    found = read_fer2013(forty_faces)
    content = pickle.dumps(found)
    assert len(content) < 1000 < found.pixels.nbytes
    assert_equal(pickle.loads(content), found)


def test_faces_in_memory_are_pickled_whole():
    assert_equal(pickle.loads(pickle.dumps(make_faces(b"\1\2"))), make_faces(b"\1\2"))


def test_saved_faces_open_as_they_were(tmp_path):
    made = make_faces(b"\5\4\3")
    made.save(tmp_path / "faces.safetensors")
    found = Faces.open(str(tmp_path / "faces.safetensors"))
    assert len(found) == 3
    assert_equal(found, made)


@pytest.mark.parametrize(("content", "message"), [
    (b"text", "is not a safetensors file, or was cut short .*; delete it and try again"),
    (save({"weight": np.zeros(3, np.float32)}), "does not hold faces as this library writes them; delete it")],
    ids=["text", "other arrays"])
def test_opening_something_else_is_refused_in_one_line_that_names_the_file(tmp_path, content, message):
    (tmp_path / "faces.safetensors").write_bytes(content)
    with pytest.raises(DataError, match=f"^{tmp_path}/faces.safetensors {message}") as caught:
        Faces.open(tmp_path / "faces.safetensors")
    assert str(caught.value).isprintable()


def test_opening_a_missing_file_is_a_file_not_found(tmp_path):
    with pytest.raises(FileNotFoundError, match="faces.safetensors"):
        Faces.open(tmp_path / "faces.safetensors")


@pytest.mark.parametrize(("name", "value", "message"), [
    ("emotion", 7, "got emotion 7, expected 0 to 6, or 255 where there is no label"), ("emotion", 254, "got emotion 2"),
    ("usage", 3, "got usage 3, expected 0 to 2"), ("usage", 255, "got usage 255")])
def test_an_emotion_or_usage_that_does_not_exist_is_refused_by_its_row(tmp_path, name, value, message):
    made = make_faces(b"\5\4\3")
    wrong = getattr(made, name).copy()
    wrong[1] = value
    replace(made, **{name: wrong}).save(tmp_path / "fer2013.safetensors")
    with pytest.raises(DataError, match=f"fer2013.safetensors, row 1: {message}"):
        read_fer2013(tmp_path)
