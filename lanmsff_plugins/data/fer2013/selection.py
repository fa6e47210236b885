"""Which faces of FER-2013 and FERPlus a split has, and with which labels.

    selected = select_ferplus("data/fer2013", "test")
"""
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...base.errors import DataError
from ..face_list import FaceList
from ..splits import Selection, check_split
from .faces import UNLABELLED, USAGES, Faces
from .ferplus import read_named_ferplus
from .reader import read_fer2013
from .votes import label_distributions

__all__ = ["FacePictures", "USAGES_OF", "select_fer2013", "select_ferplus"]

USAGES_OF = {"train": (0,), "val": (1,), "test": (2,), "train+val": (0, 1)}  # indices into USAGES


@dataclass(frozen=True, eq=False)
class FacePictures:
    """The pixels of some rows; those of a mapped file are not copied when this is pickled.

    Attributes:
        faces: All the faces.
        rows: (M,) the rows of those chosen.
    """

    faces: Faces
    rows: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int | slice | np.ndarray) -> np.ndarray:
        """(48, 48) uint8, or (K, 48, 48) of a slice or several indices; a copy that may be written to."""
        return np.array(self.faces.pixels[self.rows[index]])


def select_fer2013(data_root: str | Path, split: str, exclude: str | Path | None = None) -> Selection:
    """The faces of a split with FER-2013's labels.

    Args:
        data_root: The folder that :func:`read_fer2013` reads.
        split: One of ``SPLITS``: train is Training, val PublicTest, test PrivateTest; 'train+val' has both,
            as RAN and its followers train.
        exclude: A list of faces to leave out, for :class:`FaceList`; ``lanmsff audit`` writes some.

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
    return Selection(FacePictures(faces, rows), rows, faces.emotion[rows].astype(int), names[rows])


def select_ferplus(data_root: str | Path, split: str, mode: str = "majority", exclude: str | Path | None = None
                   ) -> Selection:
    """The faces of a split that keep a label, with FERPlus's distributions.

    Args:
        data_root: The folder that :func:`read_ferplus` reads.
        split: As for :func:`select_fer2013`.
        mode: One of ``LABEL_MODES``; a face's label is the strongest class of what the mode keeps. In the mode
            'probability' a class is to be drawn from the distribution each time. Test with 'majority'.
        exclude: As for :func:`select_fer2013`.

    Raises:
        ValueError: if there is no such split or mode.
        DataError: if the split has no face with a label; if the list has none of it.
    """
    check_split(split)
    faces, votes, names = read_named_ferplus(data_root)
    scores = label_distributions(votes, mode)
    rows = _without(_rows(faces, split, data_root), names, faces, exclude)
    rows = rows[scores[rows].any(1)]
    if len(rows) == 0:
        raise DataError(f"{data_root} has no face with a label of mode {mode!r} in the split {split!r}")
    return Selection(FacePictures(faces, rows), rows, scores[rows].argmax(1), names[rows], scores[rows],
                     draw_class=mode == "probability")


def _rows(faces: Faces, split: str, data_root: str | Path) -> np.ndarray:
    rows = np.flatnonzero(np.isin(faces.usage, USAGES_OF[split]))
    if len(rows) == 0:
        needed = " or ".join(USAGES[usage] for usage in USAGES_OF[split])
        raise DataError(f"{data_root} has no {needed} face, which the split {split!r} needs")
    return rows


def _without(rows: np.ndarray, names: np.ndarray, faces: Faces, exclude: str | Path | None) -> np.ndarray:
    if exclude is None:
        return rows
    excluded = FaceList.read(exclude)
    excluded.check(faces.pixels)
    return rows[~excluded.mask(rows, names[rows])]
