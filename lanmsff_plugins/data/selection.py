"""Which faces of FER-2013 and FERPlus a split has, with which labels: what every kind of data set is built on."""
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..files import write_atomically
from .faces import UNLABELLED, USAGES, DataError, Faces
from .fer2013 import read_fer2013
from .ferplus import read_ferplus
from .votes import label_distributions

__all__ = ["SPLITS", "Selection", "check_split", "read_rows", "select_fer2013", "select_ferplus", "write_rows"]

SPLITS = {"train": (0,), "val": (1,), "test": (2,), "train+val": (0, 1)}  # indices into USAGES

_FINGERPRINT = "# of faces with fingerprint "


@dataclass(frozen=True, eq=False)
class Selection:
    """Some of the faces.

    Attributes:
        faces: All of them.
        rows: (M,) the rows of those selected.
        labels: (M,) the class of each.
        scores: (M, 8) float32, the distribution of each; None for FER-2013, which has none.
    """

    faces: Faces
    rows: np.ndarray
    labels: np.ndarray
    scores: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.rows)


def check_split(split: str) -> None:
    """Raise a ValueError if there is no such split."""
    if split not in SPLITS:
        raise ValueError(f"unknown split {split!r}; expected one of {', '.join(SPLITS)}")


def select_fer2013(data_root: str | Path, split: str, exclude: str | Path | None = None) -> Selection:
    """The faces of a split with FER-2013's labels.

    Args:
        data_root: The folder that :func:`read_fer2013` reads.
        split: A key of ``SPLITS``: train is Training, val PublicTest, test PrivateTest; 'train+val' has both,
            as RAN and its followers train.
        exclude: A file of rows to leave out, as ``tools/audit_data.py`` writes it.

    Raises:
        ValueError: if there is no such split.
        DataError: if the split has no face, or one without a label; if the rows are not of it.
    """
    check_split(split)
    faces = read_fer2013(data_root)
    rows = _rows(faces, split, data_root)
    if (faces.emotion[rows] == UNLABELLED).any():
        raise DataError(f"{data_root} has no labels of FER-2013 for the split {split!r}; get fer2013.csv, or take the "
                        "labels of FERPlus")
    rows = _without(rows, faces, split, exclude)
    return Selection(faces, rows, faces.emotion[rows].astype(int))


def select_ferplus(data_root: str | Path, split: str, mode: str = "majority", exclude: str | Path | None = None
                   ) -> Selection:
    """The faces of a split that keep a label, with FERPlus's distributions.

    Args:
        data_root: The folder that :func:`read_ferplus` reads.
        split: As for :func:`select_fer2013`.
        mode: One of ``LABEL_MODES``; a face's label is the strongest class of what the mode keeps.
        exclude: As for :func:`select_fer2013`.

    Raises:
        ValueError: if there is no such split or mode.
        DataError: if the split has no face with a label; if the rows are not of it.
    """
    check_split(split)
    faces, votes = read_ferplus(data_root)
    scores = label_distributions(votes, mode)
    rows = _without(_rows(faces, split, data_root), faces, split, exclude)
    rows = rows[scores[rows].any(1)]
    if len(rows) == 0:
        raise DataError(f"{data_root} has no face with a label of mode {mode!r} in the split {split!r}")
    return Selection(faces, rows, scores[rows].argmax(1), scores[rows])


def _rows(faces: Faces, split: str, data_root: str | Path) -> np.ndarray:
    rows = np.flatnonzero(np.isin(faces.usage, SPLITS[split]))
    if len(rows) == 0:
        needed = " or ".join(USAGES[usage] for usage in SPLITS[split])
        raise DataError(f"{data_root} has no {needed} face, which the split {split!r} needs")
    return rows


def _without(rows: np.ndarray, faces: Faces, split: str, exclude: str | Path | None) -> np.ndarray:
    if exclude is None:
        return rows
    excluded = read_rows(exclude, faces)
    if not np.isin(excluded, rows).any():
        raise DataError(f"{exclude} has no row of the split {split!r}; is it a list for another split?")
    return rows[~np.isin(rows, excluded)]


def write_rows(path: str | Path, faces: Faces, rows: np.ndarray, comment: str) -> None:
    """Write rows of ``faces``, one a line, below a comment and a fingerprint of the faces they are rows of."""
    lines = [f"# {comment}", "# Rows count from 0.", f"{_FINGERPRINT}{_fingerprint(faces)}", *map(str, rows)]
    write_atomically(path, ("\n".join(lines) + "\n").encode())


def read_rows(path: str | Path, faces: Faces) -> np.ndarray:
    """The rows in a text file: a number a line, from 0; ``#`` begins a comment.

    Returns:
        (M,) the rows, sorted, each once.

    Raises:
        FileNotFoundError: if there is no such file.
        DataError: if a line is no row of ``faces``, or if the file says that it is about other faces.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no list of rows at {path}; tools/audit_data.py writes one")
    rows = set()
    for number, line in enumerate(path.read_bytes().decode(errors="replace").splitlines(), 1):
        if line.startswith(_FINGERPRINT) and line != f"{_FINGERPRINT}{_fingerprint(faces)}":
            raise DataError(f"{path}, line {number}: the rows are of other faces, or of the same in another order; "
                            "write the list anew by tools/audit_data.py")
        text = line.partition("#")[0].strip()
        if not text:
            continue
        if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) < len(faces)):
            raise DataError(f"{path}, line {number}: got {text[:40]!r}, expected a row, 0 to {len(faces) - 1}")
        rows.add(int(text))
    if not rows:
        raise DataError(f"{path} has no row; expected one a line")
    return np.array(sorted(rows))


def _fingerprint(faces: Faces) -> str:
    return f"{zlib.crc32(np.ascontiguousarray(faces.pixels)):08x}"
