"""KDEF: 70 people, seven expressions, five views, two sessions; all of it is in the file names.

Source: Lundqvist, Flykt and Öhman, The Karolinska Directed Emotional Faces, 1998.
"""
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...base.errors import DataError
from ...base.progress import progress
from ...pictures import picture_size, read_picture
from ..folders import expand, walk
from ..splits import deal_folds

__all__ = ["KDEF_CLASSES", "KDEF_VIEWS", "MIRRORED_VIEWS", "KDEFImage", "read_kdef", "split_folds"]

KDEF_CLASSES = ("afraid", "angry", "disgusted", "happy", "neutral", "sad", "surprised")
KDEF_VIEWS = {"FL": "full left", "HL": "half left", "S": "straight", "HR": "half right", "FR": "full right"}
MIRRORED_VIEWS = dict(zip(KDEF_VIEWS, reversed(KDEF_VIEWS)))
"""The view that the mirror image of a face has."""

_CODES = ("AF", "AN", "DI", "HA", "NE", "SA", "SU")
_NAME = re.compile(rf"([AB])([FM])(0[1-9]|[12][0-9]|3[0-5])({'|'.join(_CODES)})({'|'.join(KDEF_VIEWS)})")
_MAX_PLACEHOLDER = 20_000  # bytes: the placeholders have 12,104, photographs over 30,000
_MIN_SIDE = 16  # pixels; KDEF's photographs have 562 x 762
_MISNAMED = {"AF31V": "AF31SAHL", "AM31H": "AM31SUHR"}  # in the files as distributed


@dataclass(frozen=True)
class KDEFImage:
    """One photograph.

    Attributes:
        path: The file, relative to the data set's folder.
        session: 'A' or 'B'; each person was photographed twice.
        sex: 'F' or 'M'.
        person: 'F01' to 'M35': who it is, the same in both sessions.
        label: Index into ``KDEF_CLASSES``.
        view: A key of ``KDEF_VIEWS``.
    """

    path: str
    session: str
    sex: str
    person: str
    label: int
    view: str


def parse_name(name: str) -> tuple[str, str, str, int, str]:
    """Session, sex, person, label and view that a file's name tells.

    Raises:
        ValueError: if it is not a name of KDEF's.
    """
    stem = Path(name).stem.upper()
    match = _NAME.fullmatch(_MISNAMED.get(stem, stem))
    if match is None:
        raise ValueError(f"{name} is not a KDEF file name; expected one like AF01ANS.JPG: session A or B, F or M, "
                         f"person 01 to 35, {'/'.join(_CODES)}, {'/'.join(KDEF_VIEWS)}")
    session, sex, number, emotion, view = match.groups()
    return session, sex, sex + number, _CODES.index(emotion), view


def read_kdef(data_root: str | Path, verify: bool = False) -> list[KDEFImage]:
    """The images below a folder, sorted by name; the black placeholders among them are left out.

    Args:
        data_root: The folder; the images may lie in any folders below it, or all in one. Links are followed, and
            ``~`` is the user's home.
        verify: Decode every image, so that a damaged one is found now; it takes seconds for all 4,900.

    Raises:
        FileNotFoundError: if there is no JPEG; the message says where to get the data set.
        DataError: if a JPEG's name is not KDEF's, or stands twice; if it cannot be read, or is tiny or huge.
    """
    root = expand(data_root)
    images: list[KDEFImage] = []
    paths: dict[tuple[str, str, str, int, str], Path] = {}  # by what the names tell
    found = find_photographs(root)
    for path in progress(found, "reading KDEF", len(found)):
        try:
            told = parse_name(path.name)
        except ValueError as error:
            raise DataError(f"{path}: {error}") from None
        if told in paths:
            raise DataError(f"{path} and {paths[told]} are the same photograph by their names; keep one of them")
        paths[told] = path
        photograph_size(path)
        if (verify or path.stat().st_size <= _MAX_PLACEHOLDER) and is_black(read_picture(path)):
            continue
        session, sex, person, label, view = told
        images.append(KDEFImage(str(path.relative_to(root)), session, sex, person, label, view))
    return images


def find_photographs(root: Path) -> list[Path]:
    """The JPEGs below a folder, sorted by name.

    Raises:
        FileNotFoundError: if there is none.
        DataError: if ``root`` is a file, or a link below it points to nothing.
    """
    if root.is_file():
        raise DataError(f"{root} is a file; expected the folder of KDEF's photographs")
    files = (file for files in walk(root, hidden=True) for file in files) if root.is_dir() else ()
    paths = sorted((Path(file.path) for file in files if file.name.lower().endswith((".jpg", ".jpeg"))),
                   key=lambda path: (path.name.upper(), path))
    if not paths:
        raise FileNotFoundError(
            f"no KDEF images below {root}: register at kdef.se, unpack the images and set data_root to their folder, "
            f"or draw synthetic ones by `lanmsff draw --kdef {root}`")
    return paths


def photograph_size(path: Path) -> tuple[int, int]:
    """Width and height of a photograph in pixels.

    Raises:
        DataError: if it is no picture, or one of a few pixels or too many.
    """
    width, height = picture_size(path)
    if min(width, height) < _MIN_SIDE:
        raise DataError(f"{path} has {width}x{height} pixels; expected a photograph of at least "
                        f"{_MIN_SIDE}x{_MIN_SIDE}, KDEF's have 562x762")
    return width, height


def is_black(photograph: np.ndarray) -> bool:
    """Whether (H, W) uint8 is one of the ten black files that stand for photographs that were never made."""
    low, high = int(photograph.min()), int(photograph.max())
    return high - low < 8 and high < 16  # JPEG may leave black not quite black


def split_folds(images: Sequence[KDEFImage], folds: int, split_by: str = "person", seed: int = 0) -> np.ndarray:
    """Deal images out into folds of nearly equal size.

    Args:
        images: What :func:`read_kdef` gave.
        folds: Number of folds.
        split_by: 'person' keeps all images of one person together, 'image' does not.
        seed: Seed of the deal.

    Returns:
        (N,) the fold of each image.

    Raises:
        ValueError: if there is no such way, or there are more folds than people or images.
    """
    if split_by not in ("person", "image"):
        raise ValueError(f"unknown way to split {split_by!r}; expected person or image")
    return deal_folds([image.person if split_by == "person" else image.path for image in images], folds, seed,
                      split_by)
