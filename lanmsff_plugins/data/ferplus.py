"""FERPlus: ten votes for each face of FER-2013, and the four ways to make labels of them.

Source: Barsoum et al., Training Deep Networks for Facial Expression Recognition with Crowd-Sourced Label
Distribution, 2016 - https://arxiv.org/abs/1608.01041
"""
from pathlib import Path

import numpy as np

from .faces import DataError, Faces
from .fer2013 import FER2013_CLASSES, USAGES, iterate_csv, read_fer2013

__all__ = ["FERPLUS_CLASSES", "LABEL_MODES", "label_distributions", "read_ferplus", "read_image_names"]

FERPLUS_CLASSES = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
LABEL_MODES = ("majority", "probability", "cross-entropy", "multi-target")

_COLUMNS = (*FERPLUS_CLASSES, "unknown", "NF")
_HEADER = ["Usage", "Image name", *_COLUMNS]
_VOTES = {str(value): value for value in range(11)}
_N = len(FERPLUS_CLASSES)

# FER-2013's class for each of the first seven of FERPlus: what both data sets call by nearly one name.
_FER2013_OF = np.array([FER2013_CLASSES.index(name) for name in (
    "neutral", "happy", "surprise", "sad", "angry", "disgust", "fear")])
_MIN_ROWS, _MIN_AGREEMENT = 100, 0.4  # the right join agrees on 0.63 of all rows, a wrong one on less than 0.2


def read_ferplus(data_root: str | Path) -> tuple[Faces, np.ndarray]:
    """Read ``fer2013.csv`` and ``fer2013new.csv``, joined by row.

    Args:
        data_root: The folder that holds both files.

    Returns:
        The faces, and their votes (N, 10) uint8 in the columns' order: the eight classes, unknown, NF.

    Raises:
        FileNotFoundError: if a file is missing; the message says where to get it.
        DataError: if a file is not what it should be, or if the two do not line up.
    """
    faces = read_fer2013(data_root)
    path = Path(data_root) / "fer2013new.csv"
    if not path.is_file():
        raise FileNotFoundError(
            f"no FERPlus votes at {path}: get fer2013new.csv from github.com/microsoft/FERPlus, or draw synthetic "
            f"faces with votes by `python -m lanmsff_plugins.data.synthetic {data_root}`")
    votes, usages = _parse_votes(path)
    _check_join(path, faces, votes, usages)
    return faces, votes


def read_image_names(data_root: str | Path) -> np.ndarray:
    """The image name of each row of ``fer2013new.csv``, (N,) str; '' where it has none. Four stand twice."""
    path = Path(data_root) / "fer2013new.csv"
    return np.array([name.strip() for _, (_, name, *_) in iterate_csv(path, _HEADER)], str)


def _parse_votes(path: Path) -> tuple[np.ndarray, np.ndarray]:
    votes, usages = [], []
    for line, (usage, _, *counts) in iterate_csv(path, _HEADER):
        if usage not in USAGES:
            raise DataError(
                f"{path}, line {line}, column Usage: got {usage[:40]!r}, expected one of {', '.join(USAGES)}")
        try:
            votes.append([_VOTES[count] for count in counts])
        except KeyError:
            column, count = next((name, count) for name, count in zip(_COLUMNS, counts) if count not in _VOTES)
            raise DataError(f"{path}, line {line}, column {column}: got {count[:40]!r} votes, expected whole numbers "
                            "from 0 to 10") from None
        usages.append(USAGES.index(usage))
    if votes and sum(votes[-1]) < 9 and not path.read_bytes().endswith(b"\n"):
        raise DataError(f"{path}, line {line}: the file ends within a line and {sum(votes[-1])} of 10 votes; "
                        "it was cut short, get it anew")
    return np.array(votes, np.uint8).reshape(-1, len(_COLUMNS)), np.array(usages, np.uint8)


def _check_join(path: Path, faces: Faces, votes: np.ndarray, usages: np.ndarray) -> None:
    """Refuse votes that belong to other faces: by number, by split, and by what the labels say."""
    if len(votes) != len(faces):
        raise DataError(f"{path} has votes for {len(votes):,} faces, fer2013.csv has {len(faces):,}; expected one "
                        "row for each face, in the same order")
    differs = np.flatnonzero(usages != faces.usage)
    if len(differs):
        row = int(differs[0])
        raise DataError(f"{path}, line {row + 2}: Usage is {USAGES[usages[row]]}, fer2013.csv has "
                        f"{USAGES[faces.usage[row]]} there; expected the same order of rows")
    voted = votes[:, :_N - 1].any(1)  # contempt has no counterpart
    agrees = _FER2013_OF[votes[voted, :_N - 1].argmax(1)] == faces.emotion[voted]
    if len(agrees) >= _MIN_ROWS and agrees.mean() < _MIN_AGREEMENT:
        raise DataError(f"{path}: the votes agree with the labels of fer2013.csv on {agrees.mean():.1%} of the faces, "
                        "expected about 63 %; are the rows of the two files shifted?")


def label_distributions(votes: np.ndarray, mode: str) -> np.ndarray:
    """Make labels of votes, as the official code does.

    Args:
        votes: (N, 10) votes in the columns' order.
        mode: One of ``LABEL_MODES``. 'majority' gives one class, if more than half voted for it;
            'probability' and 'cross-entropy' share the strongest up to three; 'multi-target' those
            with at least 0.3 of the votes.

    Returns:
        (N, 8) float32 distributions; all zeros where the official code drops the face.

    Raises:
        ValueError: if there is no such mode, or the votes have another shape.
    """
    if mode not in LABEL_MODES:
        raise ValueError(f"unknown label mode {mode!r}; expected one of {', '.join(LABEL_MODES)}")
    if votes.ndim != 2 or votes.shape[1] != len(_COLUMNS):
        raise ValueError(f"votes must be (N, {len(_COLUMNS)}), got {votes.shape}; expected the columns "
                         f"{', '.join(_COLUMNS)}")
    keep = {"majority": _keep_majority, "multi-target": _keep_multi_target}.get(mode, _keep_strongest)
    distinct, inverse = np.unique(votes, axis=0, return_inverse=True)  # a tenth of the rows
    labels = np.zeros((len(distinct), _N), np.float32)
    for label, row in zip(labels, distinct):
        row = np.where(row < 2, 0, row).astype(int)  # a single vote is noise
        kept = keep(row)
        if kept.argmax() < _N and kept.any():
            label[:] = kept[:_N] / kept[:_N].sum()
    return labels[inverse.reshape(-1)]


def _keep_majority(votes: np.ndarray) -> np.ndarray:
    kept = np.zeros_like(votes)
    top = votes.argmax()
    if votes[top] > 0.5 * votes.sum():
        kept[top] = votes[top]
    return kept


def _keep_strongest(votes: np.ndarray) -> np.ndarray:
    """Take the columns from the strongest down until 0.75 of the votes or three columns are reached."""
    kept, left, total = np.zeros_like(votes), votes.copy(), votes.sum()
    while kept.sum() < 0.75 * total and np.count_nonzero(kept) < 3:
        for column in np.flatnonzero(left == left.max()):  # ties together
            if column >= _N and kept.any():
                break  # emotions came before unknown or NF: those stay
            kept[column], left[column] = left[column], 0
            if column >= _N:
                break
        else:
            continue
        break
    if kept.sum() <= 0.5 * total or np.count_nonzero(kept) > 3:
        return np.zeros_like(votes)
    return kept


def _keep_multi_target(votes: np.ndarray) -> np.ndarray:
    kept = np.where(votes >= 0.3 * votes.sum(), votes, 0)
    return kept if kept.sum() > 0.5 * votes.sum() else np.zeros_like(votes)
