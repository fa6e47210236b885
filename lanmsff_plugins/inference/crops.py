"""The cutting rule: from a box around a face, and its eyes, to the square that the network sees.

    face = cut(picture, square_around(Box(177, 56, 95, 120), factor=0.95))  # (114, 114, 3) uint8

The square has the box's centre; its side is the box's longest side times a factor that belongs to the detector, since
detectors draw their boxes more or less tightly. A head that leans by more than ``UPRIGHT`` degrees is turned upright by
its eyes. Beyond the picture's edge the outermost pixels are repeated. docs/faces.md has the measurements behind it.

Only arithmetic and Pillow, so that another language can follow: ``tests/fixtures/crops.json`` lists boxes with their
squares and pixels.
"""
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image

__all__ = ["UPRIGHT", "Box", "Point", "Square", "cut", "overlap", "roll_of", "square_around"]

UPRIGHT = 10.  # degrees of roll below which turning a face changes nothing in the accuracy
LARGEST_TURNED = 1024  # pixels; larger squares are scaled down before they are turned, which costs time by the pixel
NEAREST_EYES = .1  # of the box's longest side; of a profile both eyes fall together, and their line says nothing


class Point(NamedTuple):
    """A place in a picture, in pixels from the upper left corner."""

    x: float
    y: float


class Box(NamedTuple):
    """A rectangle in a picture, in pixels; it may reach beyond the picture's edge."""

    x: float
    y: float
    width: float
    height: float

    @property
    def centre(self) -> Point:
        return Point(self.x + self.width / 2, self.y + self.height / 2)


class Square(NamedTuple):
    """What is cut out.

    Attributes:
        x: Its centre, in pixels from the left.
        y: Its centre, in pixels from the top.
        side: Its side in whole pixels; its upper left corner, before it is turned, is rounded to whole pixels too.
        roll: By how many degrees it is turned clockwise about its centre.
    """

    x: float
    y: float
    side: int
    roll: float


def roll_of(eyes: Sequence[Point] | None, box: Box) -> float | None:
    """By how many degrees a head leans, clockwise as one looks at the picture; None where the eyes do not tell.

    Args:
        eyes: The eye on the left of an upright face as one looks at it, and the one on its right.
        box: The box around the face.
    """
    if eyes is None:
        return None
    across, down = eyes[1].x - eyes[0].x, eyes[1].y - eyes[0].y
    if math.hypot(across, down) < NEAREST_EYES * max(box.width, box.height):
        return None
    return math.degrees(math.atan2(down, across))


def square_around(box: Box, eyes: Sequence[Point] | None = None, factor: float = 1.) -> Square:
    """The square that is cut out for a box.

    Args:
        box: The box around the face.
        eyes: As for :func:`roll_of`; None leaves the square upright.
        factor: Side of the square as a share of the box's longest side.
    """
    roll = roll_of(eyes, box)
    side = max(1, math.floor(factor * max(box.width, box.height) + .5))
    return Square(*box.centre, side, roll if roll is not None and abs(roll) > UPRIGHT else 0.)


def cut(picture: np.ndarray, square: Square) -> np.ndarray:
    """Cut a square out of a picture, turned upright.

    Args:
        picture: (H, W) or (H, W, 3) uint8.
        square: What to cut out; it may reach beyond the picture.

    Returns:
        (side, side) or (side, side, 3) uint8; a turned square is scaled down to ``LARGEST_TURNED`` if it is larger.
    """
    if not square.roll:
        return _upright(picture, square.x, square.y, square.side)
    angle, side = math.radians(square.roll), square.side
    margin = math.ceil(side * (abs(math.cos(angle)) + abs(math.sin(angle)) - 1) / 2) + 1  # for the turned corners
    image = Image.fromarray(_upright(picture, square.x, square.y, side + 2 * margin))
    if side > LARGEST_TURNED:
        scale = LARGEST_TURNED / side
        side, margin = LARGEST_TURNED, math.ceil(margin * scale)
        image = image.resize((side + 2 * margin,) * 2, Image.Resampling.BILINEAR)
    turned = image.rotate(square.roll, Image.Resampling.BILINEAR)  # Pillow turns against the clock
    return np.array(turned.crop((margin, margin, margin + side, margin + side)))


def _upright(picture: np.ndarray, x: float, y: float, side: int) -> np.ndarray:
    left, top = math.floor(x - side / 2 + .5), math.floor(y - side / 2 + .5)
    rows = np.clip(np.arange(top, top + side), 0, picture.shape[0] - 1)
    columns = np.clip(np.arange(left, left + side), 0, picture.shape[1] - 1)
    return picture[rows[:, None], columns]


def overlap(one: Box, other: Box) -> float:
    """Intersection over union of two boxes, from 0 to 1."""
    width = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    height = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    shared = max(0., width) * max(0., height)
    union = one.width * one.height + other.width * other.height - shared
    return min(1., shared / union) if union > 0 else 0.  # rounding may give a little more
