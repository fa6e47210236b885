"""Boxes and bars on pictures, and timelines."""
import io

import numpy as np
import pytest
from PIL import Image, ImageFont

from lanmsff_plugins.inference.crops import Box, Square
from lanmsff_plugins.inference.drawing import COLOURS, annotated, draw_timeline, encoded
from lanmsff_plugins.inference.predictor import Face
from lanmsff_plugins.inference.tracks import Tracked

SCORES = {"glad": .7, "sad": .2, "angry": .1, "afraid": 0.}


def face(box: Box, square: Square | None) -> Face:
    return Face(box, None, None, "glad", .7, SCORES, SCORES, None, round(max(box.width, box.height)), (), square)


def colour(place: int) -> tuple[int, ...]:
    return tuple(bytes.fromhex(COLOURS[place][1:]))


def test_the_frame_is_the_square_that_was_cut_out_in_the_colour_of_the_class():
    picture = np.zeros((200, 300, 3), np.uint8)
    got = np.asarray(annotated(picture, [face(Box(60, 50, 50, 60), Square(85, 80, 60, 0.))]))
    for y, x in ((50, 85), (110, 85), (80, 55), (80, 115)):
        assert tuple(got[y, x]) == colour(0)
    assert (got[55:105, 60:110] == 0).all() and (picture == 0).all()


@pytest.mark.parametrize("box", [Box(0, 0, 50, 60), Box(250, 150, 50, 50), Box(-20, 180, 40, 40), Box(0, 0, 300, 200)])
def test_the_bars_are_in_the_picture_wherever_the_face_is(box):
    got = np.asarray(annotated(np.full((200, 300), 127, np.uint8),
                               [face(box, Square(*box.centre, round(box.width), 0.))]))
    assert got.shape == (200, 300, 3)
    for place in range(3):  # the three strongest classes; the fourth is not shown
        assert (got == colour(place)).all(-1).any()
    assert not (got == colour(3)).all(-1).any()


def test_a_tiny_picture_and_a_whole_picture_can_be_drawn_on():
    assert annotated(np.zeros((1, 1, 3), np.uint8), [face(Box(0, 0, 1, 1), None)]).size == (1, 1)
    got = annotated(np.zeros((80, 60, 3), np.uint8), [Tracked(2, face(Box(0, 0, 60, 80), None), SCORES)])
    assert got.getpixel((0, 60)) == colour(0)


def test_bars_are_drawn_by_pillow_10_0(monkeypatch):
    font = ImageFont.load_default()
    monkeypatch.setattr("lanmsff_plugins.base.compat.version", lambda package: (10, 0))
    monkeypatch.setattr(ImageFont, "load_default", lambda: font)  # a size is new in 10.1
    got = np.asarray(annotated(np.zeros((200, 300, 3), np.uint8), [face(Box(60, 50, 50, 60), None)]))
    assert (got == colour(0)).all(-1).any()


@pytest.mark.parametrize(("suffix", "kind"), [(".png", "PNG"), (".jpg", "JPEG")])
def test_a_picture_becomes_a_file(suffix, kind):
    noise = np.random.default_rng(0).integers(0, 256, (30, 20, 3), dtype=np.uint8)
    image = Image.open(io.BytesIO(encoded(noise, suffix)))
    assert (image.format, image.size) == (kind, (20, 30))
    if kind == "PNG":
        np.testing.assert_array_equal(np.asarray(image), noise)


@pytest.mark.parametrize("tracks", [[], [1], [1, 1, 1, 2, 2]])
def test_a_timeline_is_drawn_whatever_it_holds(tracks, tmp_path):
    pytest.importorskip("matplotlib")
    rows = [f"{i},{i / 10},{track},.7,.3,.6,.4" for i, track in enumerate(tracks)]
    (tmp_path / "t.csv").write_text("\n".join(["frame,time,track,glad,sad,glad_smoothed,sad_smoothed", *rows]) + "\n")
    draw_timeline(tmp_path / "t.csv", tmp_path / "t.svg", ["glad", "sad"])
    text = (tmp_path / "t.svg").read_text()
    assert text.count('id="axes_') == max(1, len(set(tracks)))
