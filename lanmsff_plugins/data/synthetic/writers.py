"""Drawn faces, written as FER-2013 with FERPlus's votes, or as KDEF.

No data set of expressions can be had without an account. These faces can: seeded, with people who have a look of
their own, eight expressions by mouth, brows and eyes, views from profile to profile, light and noise. They teach
nothing about people; they show that everything works.

    write_fer2013("data/synthetic", faces=2400)
"""
import io
from pathlib import Path

import numpy as np
from PIL import Image

from ...base.errors import unknown
from ...base.files import write_atomically
from ...base.progress import progress
from ..contact_sheet import contact_sheet
from ..fer2013.faces import FER2013_CLASSES, SIDE, Faces
from ..fer2013.votes import FERPLUS_CLASSES
from ..fer2013.writers import LAYOUTS, write_layout, write_votes
from ..kdef.reader import KDEF_CLASSES
from .drawing import draw_face

__all__ = ["draw_sheet", "write_fer2013", "write_kdef"]

# What the two data sets with seven classes call them.
_OF_FER2013 = dict(zip(FER2013_CLASSES, (
    "anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")))
_OF_KDEF = dict(zip(KDEF_CLASSES, ("fear", "anger", "disgust", "happiness", "neutral", "sadness", "surprise")))
_FER2013_LABEL = {name: label for label, name in enumerate(_OF_FER2013.values())} | {"contempt": 6}
_KDEF_CODES = ("AF", "AN", "DI", "HA", "NE", "SA", "SU")
_KDEF_YAW = {"FL": -80., "HL": -40., "S": 0., "HR": 40., "FR": 80.}
_KDEF_SIZE = (562, 762)
_KDEF_MISNAMED = {"AF31SAHL": "AF31V", "AM31SUHR": "AM31H"}
_KDEF_BLACK = ("AF01SUFR", "AF10AFFR", "AF11NEHL", "AF20DIHL", "AM25DIFL", "AM34DIFR", "BF13NEHR", "BM21DIFL",
               "BM22DIHL", "BM24DIFL")


def write_fer2013(data_root: str | Path, faces: int = 2400, seed: int = 0, layout: str = LAYOUTS[0]) -> None:
    """Write FER-2013 in one of its layouts and ``fer2013new.csv``, four fifths Training and a tenth for each test.

    Each face has ten votes, most for its expression. One in fifty is no face at all: noise, with all ten
    votes NF and no image name, as FERPlus has them.

    Args:
        data_root: Folder to write to.
        faces: Number of faces, 40 or more; with 120 or more, every split has some of each expression.
        seed: Seed of all that is drawn.
        layout: One of ``LAYOUTS``.
    """
    if faces < 40:
        raise ValueError(f"faces must be 40 or more, got {faces}")
    if seed < 0:
        raise ValueError(f"seed must be 0 or more, got {seed}")
    if layout not in LAYOUTS:
        raise ValueError(unknown("layout", layout, LAYOUTS))
    drawn, votes = _draw_faces(faces, seed)
    write_layout(data_root, layout, drawn)
    write_votes(data_root, drawn, votes)


def _draw_faces(faces: int, seed: int) -> tuple[Faces, np.ndarray]:
    pixels, emotions, usages, names, votes = [], [], [], [], []
    for i in progress(range(faces), "drawing faces", faces):
        rng = np.random.default_rng([seed, i])
        usages.append(0 if i < faces * 8 // 10 else 1 if i < faces * 9 // 10 else 2)
        expression = FERPLUS_CLASSES[i % len(FERPLUS_CLASSES)]
        emotions.append(_FER2013_LABEL[expression])
        names.append(f"fer{i:07d}.png")
        votes.append(_draw_votes(expression, rng))
        if i % 50 == 49:
            names[-1], votes[-1] = "", [0] * 9 + [10]
            pixels.append(rng.integers(0, 256, (SIDE, SIDE)))
        else:
            pixels.append(draw_face(expression, rng.normal(0, 30), int(rng.integers(1000)), rng))
    return (Faces(np.array(pixels, np.uint8), np.array(emotions, np.uint8), np.array(usages, np.uint8),
                  names=np.array(names, bytes)), np.array(votes, np.uint8))


def _draw_votes(expression: str, rng: np.random.Generator) -> list[int]:
    counts = [0] * (len(FERPLUS_CLASSES) + 2)
    certain = int(rng.integers(7, 11))
    counts[FERPLUS_CLASSES.index(expression)] = certain
    for other in rng.choice(len(counts) - 1, 10 - certain):  # anything but NF
        counts[other] += 1
    return counts


def write_kdef(data_root: str | Path, people: int = 20, seed: int = 0, size: tuple[int, int] = _KDEF_SIZE,
               flat: bool = False, errata: bool = False) -> None:
    """Write JPEGs named as KDEF's: each person twice, in seven expressions and five views.

    Args:
        data_root: Folder to write to.
        people: Number of people, up to 70, women and men in turn.
        seed: Seed of all that is drawn.
        size: Width and height in pixels; KDEF's by default.
        flat: All files in one folder; by default each person's sessions get one, as in the original.
        errata: With the original's two wrong names and ten black files, as far as those people are drawn.
    """
    if not 1 <= people <= 70:
        raise ValueError(f"people must be 1 to 70, got {people}")
    if seed < 0:
        raise ValueError(f"seed must be 0 or more, got {seed}")
    for i in progress(range(people), "drawing people", people):
        for s, session in enumerate("AB"):
            folder = f"{session}{'FM'[i % 2]}{i // 2 + 1:02d}"
            for code, expression in zip(_KDEF_CODES, _OF_KDEF.values()):
                for view, yaw in _KDEF_YAW.items():
                    name = f"{folder}{code}{view}"
                    rng = np.random.default_rng([seed, i, s, _KDEF_CODES.index(code), list(_KDEF_YAW).index(view)])
                    side = min(size)
                    photograph = Image.new("L", size, 105)
                    photograph.paste(Image.fromarray(draw_face(expression, yaw, i, rng, side)),
                                     ((size[0] - side) // 2, (size[1] - side) // 2))
                    if errata and name in _KDEF_BLACK:
                        photograph = Image.new("L", size)
                    jpeg = io.BytesIO()
                    photograph.convert("RGB").save(jpeg, "JPEG", quality=90)
                    name = _KDEF_MISNAMED.get(name, name) if errata else name
                    write_atomically(Path(data_root) / ("" if flat else folder) / f"{name}.JPG", jpeg.getvalue())


def draw_sheet(people: int = 5, seed: int = 0) -> Image.Image:
    """A picture of drawn people: the eight expressions from the front, then the five views."""
    pixels: list[np.ndarray] = []
    captions: list[str] = []
    for person in range(people):
        for expression in FERPLUS_CLASSES:
            pixels.append(draw_face(expression, 0., person, np.random.default_rng([seed, person, len(pixels)])))
            captions.append(expression)
        for view, yaw in _KDEF_YAW.items():
            pixels.append(draw_face("happiness", yaw, person, np.random.default_rng([seed, person, len(pixels)])))
            captions.append(view)
    return contact_sheet(pixels, captions, columns=len(FERPLUS_CLASSES) + len(_KDEF_YAW))
