"""The cutting rule, against a fixture that another language can test itself with, and against plain loops.

After a change that is meant: python -m tests.inference.test_crops
"""
import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanmsff_plugins.inference.crops import Box, Point, Square, cut, overlap, roll_of, square_around

FIXTURE = Path(__file__).parents[1] / "fixtures" / "crops.json"
WIDTH, HEIGHT = 40, 30
CASES = [  # box, eyes, factor
    ([10, 8, 9, 12], None, 1.), ([10, 8, 9, 12], None, .95), ([10.5, 8.25, 9, 11], None, 1.1),
    ([10, 8, 12, 9], [[13, 12], [19, 12]], .95), ([10, 8, 12, 12], [[13, 12], [19, 13]], .95),  # 9.5 degrees
    ([10, 8, 12, 12], [[13, 12], [19, 14]], .95), ([10, 8, 12, 12], [[18, 10], [14, 18]], 1.),  # 18.4 and 116.6
    ([10, 8, 12, 12], [[13, 15], [18, 10]], 1.2), ([12, 9, 10, 10], [[20, 14], [14, 14]], 1.),  # -45 and 180
    ([10, 8, 12, 12], [[15, 12], [15.5, 12.5]], 1.),  # eyes that fall together tell no roll
    ([-5, -4, 14, 12], None, 1.), ([30, 22, 20, 16], None, 1.), ([-30, -30, 8, 8], None, 1.),  # beyond the edge
    ([30, 20, 14, 14], [[33, 24], [39, 28]], .95), ([7, 7, .2, .3], None, 1.)]


def picture() -> np.ndarray:
    """Smooth, so that half a pixel matters little and a whole one does."""
    return np.array([[math.floor(128 + 60 * math.sin(x / 5) + 60 * math.cos(y / 7)) for x in range(WIDTH)]
                     for y in range(HEIGHT)], np.uint8)


def by_loops(case) -> dict:
    """The rule once more, pixel by pixel."""
    (x, y, width, height), eyes, factor = case
    side = max(1, math.floor(factor * max(width, height) + .5))
    roll = 0.
    if eyes is not None:
        (x0, y0), (x1, y1) = eyes
        if math.hypot(x1 - x0, y1 - y0) >= .1 * max(width, height):
            roll = math.atan2(y1 - y0, x1 - x0) * 180 / math.pi
    turned = abs(roll) > 10
    left = math.floor(x + width / 2 - side / 2 + .5)
    top = math.floor(y + height / 2 - side / 2 + .5)
    angle = math.radians(roll) if turned else 0.
    source, pixels = picture(), []
    for i in range(side):
        for j in range(side):
            across, down = j + .5 - side / 2, i + .5 - side / 2
            u = left + side / 2 + across * math.cos(angle) - down * math.sin(angle) - .5
            v = top + side / 2 + across * math.sin(angle) + down * math.cos(angle) - .5
            value = 0.
            for row, share in ((math.floor(v), 1 - v % 1), (math.floor(v) + 1, v % 1)):
                for column, part in ((math.floor(u), 1 - u % 1), (math.floor(u) + 1, u % 1)):
                    value += share * part * source[min(max(row, 0), HEIGHT - 1), min(max(column, 0), WIDTH - 1)]
            pixels.append(round(value))
    return {"box": [x, y, width, height], "eyes": eyes, "factor": factor, "side": side,
            "roll": round(roll, 6) if turned else 0, "left": left, "top": top, "pixels": pixels}


def fixture() -> str:
    said = {"picture": "floor(128 + 60 sin(x / 5) + 60 cos(y / 7)), 40 wide, 30 high; x and y count from 0",
            "pixels": "row by row; exact where roll is 0, within 2 where it is not", "cases": [*map(by_loops, CASES)]}
    return json.dumps(said).replace('{"box"', '\n{"box"') + "\n"


@pytest.mark.parametrize("case", json.loads(FIXTURE.read_text())["cases"], ids=lambda case: str(case["box"]))
def test_a_box_gives_the_square_and_the_pixels_of_the_fixture(case):
    square = square_around(Box(*case["box"]), case["eyes"] and [Point(*eye) for eye in case["eyes"]], case["factor"])
    assert square.side == case["side"] and square.roll == pytest.approx(case["roll"], abs=1e-5)
    got = cut(picture(), square)
    expected = np.array(case["pixels"], np.uint8).reshape(square.side, square.side)
    np.testing.assert_allclose(got.astype(int), expected.astype(int), rtol=0, atol=2 if square.roll else 0)


def test_the_fixture_is_what_plain_loops_give():
    assert FIXTURE.read_text() == fixture()


boxes = st.builds(Box, st.floats(-50, 90), st.floats(-50, 90), st.floats(.1, 80), st.floats(.1, 80))


@given(boxes, st.sampled_from([0., 11., -45., 90., 180.]), st.booleans())
def test_any_square_can_be_cut_out_of_any_picture(box, roll, colour):
    square = square_around(box)._replace(roll=roll)
    source = np.repeat(picture()[..., None], 3, 2) if colour else picture()
    got = cut(source, square)
    assert got.shape == (square.side, square.side, *source.shape[2:]) and got.dtype == np.uint8
    assert source.min() - 1 <= got.min() and got.max() <= source.max() + 1  # nothing black from outside


@pytest.mark.parametrize("roll", [15., -30., 60., 120.])
def test_a_face_that_leans_comes_out_upright(roll):
    """A bar that leans by the roll lies level in what is cut out."""
    x, y = np.meshgrid(np.arange(200) - 100, np.arange(200) - 100)
    angle = math.radians(roll)
    bar = np.where(abs(-x * math.sin(angle) + y * math.cos(angle)) < 6, 255, 0).astype(np.uint8)
    got = cut(bar, Square(100, 100, 80, roll))
    assert got[38:42].min() > 200 and got[:25].max() == 0 and got[55:].max() == 0


def test_a_large_square_is_scaled_down_before_it_is_turned():
    source = np.tile(np.arange(3000, dtype=np.uint16) // 12, (3000, 1)).astype(np.uint8)
    got = cut(source, Square(1500, 1500, 2000, 90.))
    assert got.shape == (1024, 1024)
    np.testing.assert_allclose(got[:, 500], np.linspace(500, 2500, 1024)[::-1] // 12, atol=3)


def test_roll_is_that_of_the_line_through_the_eyes():
    box = Box(0, 0, 100, 100)
    assert roll_of([Point(30, 40), Point(70, 80)], box) == pytest.approx(45)
    assert roll_of([Point(70, 40), Point(30, 40)], box) == pytest.approx(180)
    assert roll_of(None, box) is None and roll_of([Point(50, 40), Point(55, 40)], box) is None


@given(boxes, boxes)
def test_overlap_is_symmetric_and_a_share(one, other):
    assert 0 <= overlap(one, other) <= 1 and overlap(one, other) == overlap(other, one)
    assert overlap(one, one) == pytest.approx(1)


def test_overlap_of_known_boxes():
    assert overlap(Box(0, 0, 2, 2), Box(1, 0, 2, 2)) == pytest.approx(1 / 3)
    assert overlap(Box(0, 0, 2, 2), Box(2, 0, 2, 2)) == 0 == overlap(Box(0, 0, 0, 0), Box(0, 0, 0, 0))


if __name__ == "__main__":
    FIXTURE.write_text(fixture())
