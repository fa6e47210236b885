"""Which faces of FER-2013 and FERPlus a split has, with which labels: what every kind of data set is built on."""
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .face_list import FaceList
from .faces import UNLABELLED, USAGES, DataError, Faces
from .fer2013 import read_fer2013
from .ferplus import read_ferplus, read_image_names
from .votes import label_distributions

__all__ = ["SPLITS", "Selection", "check_split", "select_fer2013", "select_ferplus"]

SPLITS = {"train": (0,), "val": (1,), "test": (2,), "train+val": (0, 1)}  # indices into USAGES


@dataclass(frozen=True, eq=False)
class Selection:
    """Some of the faces.

    Attributes:
        faces: All of them.
        rows: (M,) the rows of those selected.
        labels: (M,) the class of each.
        names: (M,) str, the name of its image, '' where that is not known.
        scores: (M, 8) float32, the distribution of each; None for FER-2013, which has none.
    """

    faces: Faces
    rows: np.ndarray
    labels: np.ndarray
    names: np.ndarray
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
        exclude: A list of faces to leave out, for :class:`FaceList`; ``tools/audit_data.py`` writes some.

    Raises:
        ValueError: if there is no such split.
        DataError: if the split has no face, or one without a label; if the list has none of it.
    """
    check_split(split)
    faces = read_fer2013(data_root)
    rows = _rows(faces, split, data_root)
    if (faces.emotion[rows] == UNLABELLED).any():
        raise DataError(f"{data_root} has no labels of FER-2013 for the split {split!r}; get fer2013.csv, or take the "
                        "labels of FERPlus")
    names = np.full(len(faces), "") if faces.names is None else np.char.decode(faces.names, errors="replace")
    rows = _without(rows, names, faces, exclude)
    return Selection(faces, rows, faces.emotion[rows].astype(int), names[rows])


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
        DataError: if the split has no face with a label; if the list has none of it.
    """
    check_split(split)
    faces, votes = read_ferplus(data_root)
    scores = label_distributions(votes, mode)
    names = read_image_names(data_root, faces)
    rows = _without(_rows(faces, split, data_root), names, faces, exclude)
    rows = rows[scores[rows].any(1)]
    if len(rows) == 0:
        raise DataError(f"{data_root} has no face with a label of mode {mode!r} in the split {split!r}")
    return Selection(faces, rows, scores[rows].argmax(1), names[rows], scores[rows])


def _rows(faces: Faces, split: str, data_root: str | Path) -> np.ndarray:
    rows = np.flatnonzero(np.isin(faces.usage, SPLITS[split]))
    if len(rows) == 0:
        needed = " or ".join(USAGES[usage] for usage in SPLITS[split])
        raise DataError(f"{data_root} has no {needed} face, which the split {split!r} needs")
    return rows


def _without(rows: np.ndarray, names: np.ndarray, faces: Faces, exclude: str | Path | None) -> np.ndarray:
    if exclude is None:
        return rows
    excluded = FaceList.read(exclude)
    excluded.check(faces)
    return rows[~excluded.mask(rows, names[rows])]
