"""Drawn faces in the official formats, for those who do not have the data sets yet, and for the tests.

No data set of expressions can be had without an account. These faces can: seeded, with people who have a
look of their own, eight expressions by mouth, brows and eyes, views from profile to profile, light and
noise. They teach nothing about people; they show that everything works.

    python -m lanmsff_plugins.data.synthetic DIR           fer2013.csv and fer2013new.csv
    python -m lanmsff_plugins.data.synthetic --kdef DIR    JPEGs named as KDEF's
"""
import argparse
import csv
import io
import math
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from ..files import write_atomically
from .faces import FER2013_CLASSES, SIDE, USAGES
from .kdef import KDEF_CLASSES
from .votes import FERPLUS_CLASSES

__all__ = ["Expression", "draw_face", "write_fer2013", "write_kdef"]

_SUPERSAMPLING = 4  # drawn so much larger, then averaged: Pillow's lines have hard edges


@dataclass(frozen=True)
class Expression:
    """What makes an expression, each between -1 and 1, 0 for a face at rest.

    Attributes:
        smile: Corners of the mouth up or down.
        open: How far the mouth is open, from 0.
        width: The mouth's width.
        brow: Brows raised or lowered.
        frown: Inner ends of the brows down, or up as in grief.
        eyes: Eyes wide or narrow.
        wrinkle: Lines beside the nose, from 0.
        skew: One corner of the mouth only.
    """

    smile: float = 0.
    open: float = 0.
    width: float = 0.
    brow: float = 0.
    frown: float = 0.
    eyes: float = 0.
    wrinkle: float = 0.
    skew: float = 0.


EXPRESSIONS = {
    "neutral": Expression(),
    "happiness": Expression(smile=1., open=.25, width=.5, eyes=-.3),
    "surprise": Expression(open=1., width=-.5, brow=1., eyes=1.),
    "sadness": Expression(smile=-.8, frown=-1., eyes=-.4, brow=.2),
    "anger": Expression(smile=-.4, frown=1., brow=-.8, eyes=-.2, width=-.2),
    "disgust": Expression(smile=-.6, open=.15, wrinkle=1., eyes=-.8, brow=-.4),
    "fear": Expression(smile=-.5, open=.5, width=.6, brow=.8, frown=-.8, eyes=.8),
    "contempt": Expression(skew=1., eyes=-.3),
}

# What the two data sets with seven classes call them.
_OF_FER2013 = dict(zip(FER2013_CLASSES, (
    "anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")))
_OF_KDEF = dict(zip(KDEF_CLASSES, ("fear", "anger", "disgust", "happiness", "neutral", "sadness", "surprise")))
_FER2013_LABEL = {name: label for label, name in enumerate(_OF_FER2013.values())} | {"contempt": 6}
_KDEF_CODES = ("AF", "AN", "DI", "HA", "NE", "SA", "SU")
_KDEF_YAW = {"FL": -80., "HL": -40., "S": 0., "HR": 40., "FR": 80.}
_KDEF_SIZE = (562, 762)


def draw_face(expression: str, yaw: float, person: int, rng: np.random.Generator, side: int = SIDE) -> np.ndarray:
    """Draw one face.

    Args:
        expression: A key of ``EXPRESSIONS``.
        yaw: Turn of the head in degrees, from -90 (to the left of the picture) to 90.
        person: Seed of the face's own look: its shape, tones and features.
        rng: Source of what differs between two pictures of one person.
        side: Side of the picture in pixels.

    Returns:
        (side, side) uint8.
    """
    look = np.random.default_rng([person, 1]).uniform(-1, 1, 10)
    strength = rng.uniform(0.75, 1.1)
    params = {name: strength * value + rng.normal(0, 0.06) for name, value in vars(EXPRESSIONS[expression]).items()}
    picture = _Picture(side * _SUPERSAMPLING, yaw + rng.normal(0, 4), tones=170 + 35 * look[0])
    picture.head(0.70 + 0.05 * look[1], 0.88 + 0.05 * look[2], hair=60 + 40 * look[3])
    picture.nose(0.30 + 0.05 * look[4], params["wrinkle"])
    for eye in (-1, 1):
        picture.eye(eye * (0.31 + 0.03 * look[5]), -0.12 + 0.02 * look[6], 0.075 * (1 + 0.55 * params["eyes"]))
        picture.brow(eye * (0.31 + 0.03 * look[5]), -0.33 - 0.08 * params["brow"] + 0.02 * look[7],
                     0.09 * params["frown"], 0.05 + 0.015 * look[8])
    picture.mouth(0.50 + 0.02 * look[9], 0.27 * (1 + 0.3 * params["width"]), 0.15 * params["smile"],
                  0.15 * max(0., params["open"]), 0.15 * params["skew"])
    return _photograph(picture.image, side, rng)


class _Picture:
    """A head on a canvas; places are in units of half the canvas, x to the right and y down, from its centre."""

    def __init__(self, side: int, yaw: float, tones: float):
        self.side = side
        self.yaw = math.radians(max(-90., min(90., yaw)))
        self.skin = tones
        self.image = Image.new("L", (side, side), 105)
        self.canvas = ImageDraw.Draw(self.image)

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Where a place on the face comes to lie when the head, a ball, is turned."""
        x = max(-0.69, min(0.69, x))
        x = 0.7 * math.sin(math.asin(x / 0.7) + self.yaw)
        return (1 + x) * self.side / 2, (1 + y) * self.side / 2

    def hidden(self, x: float) -> bool:
        return abs(math.asin(max(-1., min(1., x / 0.7))) + self.yaw) > 0.48 * math.pi

    def curve(self, points: list[tuple[float, float]], tone: float, thickness: float) -> None:
        self.canvas.line([self.at(x, y) for x, y in points], int(tone), round(thickness * self.side / 2), "curve")

    def ellipse(self, x: float, y: float, rx: float, ry: float, tone: float) -> None:
        self.canvas.ellipse([(1 + x - rx) * self.side / 2, (1 + y - ry) * self.side / 2,
                             (1 + x + rx) * self.side / 2, (1 + y + ry) * self.side / 2], int(tone))

    def head(self, width: float, height: float, hair: float) -> None:
        back = -0.12 * math.sin(self.yaw)  # the back of the head comes into view
        self.ellipse(back, -0.08, width + 0.08, height + 0.04, hair)
        self.ellipse(0, 0.06, width, height - 0.04, self.skin)
        self.ellipse(back * 2.5, -0.62, width * 0.8, 0.26, hair)

    def eye(self, x: float, y: float, openness: float) -> None:
        if self.hidden(x):
            return
        outline = [self.at(x + 0.12 * math.cos(t), y + openness * math.sin(t)) for t in np.linspace(0, 2 * math.pi, 20)]
        self.canvas.polygon(outline, 240, 40)
        cx, cy = self.at(x, y)
        r = min(openness, 0.06) * self.side / 2
        self.canvas.ellipse([cx - r, cy - r, cx + r, cy + r], 30)

    def brow(self, x: float, y: float, frown: float, thickness: float) -> None:
        if self.hidden(x):
            return
        outwards = math.copysign(0.15, x)
        self.curve([(x - outwards, y + frown), (x, y - 0.03), (x + outwards, y - frown)], 45, thickness)

    def nose(self, length: float, wrinkle: float) -> None:
        tip = 0.10 * math.sin(self.yaw) * 2
        top, bottom = self.at(0.02, -0.05), self.at(0.0, -0.05 + length)
        bottom = (bottom[0] + tip * self.side / 2, bottom[1])
        self.canvas.line([top, bottom, self.at(0.09, length)], int(self.skin - 60), round(0.035 * self.side / 2))
        if wrinkle > 0.3:
            for side in (-1, 1):
                if not self.hidden(side * 0.2):
                    self.curve([(side * 0.13, 0.10), (side * 0.24, 0.26), (side * 0.30, 0.42)], self.skin - 80, 0.04)

    def mouth(self, y: float, width: float, smile: float, openness: float, skew: float) -> None:
        across = [x for x in np.linspace(-1, 1, 15) if not self.hidden(x * width)]
        if len(across) < 2:
            return

        def corner(x: float) -> float:
            return y - smile * (x * x - 0.4) - skew * max(0., x) ** 2

        upper = [(x * width, corner(x) - openness * (1 - x * x) * 0.6) for x in across]
        lower = [(x * width, corner(x) + openness * (1 - x * x) * 1.2) for x in across]
        if openness > 0.02:
            self.canvas.polygon([self.at(*point) for point in upper + lower[::-1]], 30)
        self.curve(upper, 70, 0.045)
        self.curve(lower, 70, 0.045)


def _photograph(image: Image.Image, side: int, rng: np.random.Generator) -> np.ndarray:
    """Tilt and place the picture, light it from somewhere, and add the sensor's noise."""
    shift = rng.uniform(-0.04, 0.04, 2) * image.width
    image = image.rotate(rng.uniform(-8, 8), Image.Resampling.BILINEAR, translate=tuple(shift), fillcolor=105)
    pixels = np.asarray(image.resize((side, side), Image.Resampling.BOX), np.float32)
    y, x = np.mgrid[-1:1:side * 1j, -1:1:side * 1j]
    angle = rng.uniform(0, 2 * math.pi)
    light = 1 + rng.uniform(0, 0.35) * (math.cos(angle) * x + math.sin(angle) * y)
    pixels = pixels * light * rng.uniform(0.75, 1.2) + rng.normal(0, 5, pixels.shape)
    return pixels.clip(0, 255).astype(np.uint8)


def write_fer2013(data_root: str | Path, faces: int = 2400, seed: int = 0) -> None:
    """Write ``fer2013.csv`` and ``fer2013new.csv``, four fifths Training and a tenth for each test.

    Each face has ten votes, most for its expression. One in fifty is no face at all: noise, with all ten
    votes NF and no image name, as FERPlus has them.

    Args:
        data_root: Folder to write to.
        faces: Number of faces, 40 or more; with 120 or more, every split has some of each expression.
        seed: Seed of all that is drawn.
    """
    if faces < 40:
        raise ValueError(f"faces must be 40 or more, got {faces}")
    if seed < 0:
        raise ValueError(f"seed must be 0 or more, got {seed}")
    pixels, votes = io.StringIO(), io.StringIO()
    pixel_rows, vote_rows = csv.writer(pixels, lineterminator="\n"), csv.writer(votes, lineterminator="\n")
    pixel_rows.writerow(["emotion", "pixels", "Usage"])
    vote_rows.writerow(["Usage", "Image name", *FERPLUS_CLASSES, "unknown", "NF"])
    for i in range(faces):
        rng = np.random.default_rng([seed, i])
        usage = USAGES[0] if i < faces * 8 // 10 else USAGES[1] if i < faces * 9 // 10 else USAGES[2]
        expression = FERPLUS_CLASSES[i % len(FERPLUS_CLASSES)]
        name = f"fer{i:07d}.png"
        counts = _draw_votes(expression, rng)
        if i % 50 == 49:
            face, counts, name = rng.integers(0, 256, (SIDE, SIDE)), [0] * 9 + [10], ""
        else:
            face = draw_face(expression, rng.normal(0, 30), int(rng.integers(1000)), rng)
        pixel_rows.writerow([_FER2013_LABEL[expression], " ".join(map(str, face.ravel().tolist())), usage])
        vote_rows.writerow([usage, name, *counts])
        _progress("faces", i + 1, faces)
    write_atomically(Path(data_root) / "fer2013.csv", pixels.getvalue().encode())
    write_atomically(Path(data_root) / "fer2013new.csv", votes.getvalue().encode())


def _draw_votes(expression: str, rng: np.random.Generator) -> list[int]:
    counts = [0] * (len(FERPLUS_CLASSES) + 2)
    certain = int(rng.integers(7, 11))
    counts[FERPLUS_CLASSES.index(expression)] = certain
    for other in rng.choice(len(counts) - 1, 10 - certain):  # anything but NF
        counts[other] += 1
    return counts


def write_kdef(data_root: str | Path, people: int = 20, seed: int = 0, size: tuple[int, int] = _KDEF_SIZE) -> None:
    """Write JPEGs named as KDEF's: each person twice, in seven expressions and five views.

    Args:
        data_root: Folder to write to; each person's sessions get a folder, as in the original.
        people: Number of people, up to 70, women and men in turn.
        seed: Seed of all that is drawn.
        size: Width and height in pixels; KDEF's by default.
    """
    if not 1 <= people <= 70:
        raise ValueError(f"people must be 1 to 70, got {people}")
    if seed < 0:
        raise ValueError(f"seed must be 0 or more, got {seed}")
    for i in range(people):
        for s, session in enumerate("AB"):
            folder = f"{session}{'FM'[i % 2]}{i // 2 + 1:02d}"
            for code, expression in zip(_KDEF_CODES, _OF_KDEF.values()):
                for view, yaw in _KDEF_YAW.items():
                    rng = np.random.default_rng([seed, i, s, _KDEF_CODES.index(code), list(_KDEF_YAW).index(view)])
                    side = min(size)
                    photograph = Image.new("L", size, 105)
                    photograph.paste(Image.fromarray(draw_face(expression, yaw, i, rng, side)),
                                     ((size[0] - side) // 2, (size[1] - side) // 2))
                    jpeg = io.BytesIO()
                    photograph.convert("RGB").save(jpeg, "JPEG", quality=90)
                    write_atomically(Path(data_root) / folder / f"{folder}{code}{view}.JPG", jpeg.getvalue())
            _progress("sessions", 2 * i + s + 1, 2 * people)


def _progress(what: str, done: int, total: int) -> None:
    if sys.stderr.isatty() and (done == total or done % max(1, total // 100) == 0):
        print(f"\rdrawing {what}: {done}/{total}", end="\n" if done == total else "", file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="folder to write to")
    parser.add_argument("--kdef", action="store_true", help="write JPEGs named as KDEF's, not the two CSV files")
    parser.add_argument("--faces", type=int, default=2400, help="number of faces in the CSV files (default: 2400)")
    parser.add_argument("--people", type=int, default=20, help="number of people for --kdef (default: 20)")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    pattern = "**/*.[Jj][Pp]*[Gg]" if args.kdef else "fer2013*.csv"
    try:
        if existing := sorted(args.out.glob(pattern)):
            raise ValueError(f"{existing[0]} exists, and may be the real one; name another folder")
        if args.kdef:
            write_kdef(args.out, args.people, args.seed)
        else:
            write_fer2013(args.out, args.faces, args.seed)
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
