"""What is wrong with a data set: copies, pictures of nothing, uneven classes, people in two folds.

Everything is found in the pixels and names themselves; no list of known faults is used.
"""
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..fer2013.faces import FER2013_CLASSES, USAGES, Faces
from ..kdef.reader import KDEFImage

__all__ = [
    "NEAR", "Pair", "class_balance", "constant_rows", "copies_across", "exact_groups", "fold_overlap", "near_pairs",
]

NEAR = .95  # correlation from which two pictures are taken for one: from here on, those looked at were one photograph

_SIDE = 12  # pixels of the reduced pictures that are compared all with all
_BLOCK = 1024  # rows compared at once


@dataclass(frozen=True, order=True)
class Pair:
    """Two rows with nearly the same picture, and the correlation of their pixels."""

    correlation: float
    first: int
    second: int


def exact_groups(pixels: np.ndarray) -> list[list[int]]:
    """Rows whose pixels are the same, in groups of two or more, by their first rows."""
    groups: dict[bytes, list[int]] = {}
    for row, picture in enumerate(pixels):
        groups.setdefault(picture.tobytes(), []).append(row)
    return [rows for rows in groups.values() if len(rows) > 1]


def copies_across(groups: Sequence[Sequence[int]], usage: np.ndarray, of: int, in_: int) -> np.ndarray:
    """Rows of usage ``of`` that are copies of a row of usage ``in_``, each once, sorted."""
    return np.array(sorted({
        row for rows in groups if any(usage[other] == in_ for other in rows) for row in rows if usage[row] == of}), int)


def constant_rows(pixels: np.ndarray) -> np.ndarray:
    """Rows whose picture has one value only."""
    flat = pixels.reshape(len(pixels), -1)
    return np.flatnonzero(flat.max(1) == flat.min(1))


def near_pairs(pixels: np.ndarray, threshold: float = NEAR) -> list[Pair]:
    """Pairs of rows with nearly the same picture, whatever its brightness and contrast; not the exact copies.

    All pictures are compared with all at 12 x 12 pixels, which changes of size, light and compression leave
    nearly as they are; what is alike there is compared at full size. A pair whose reduced pictures correlate by
    less than ``threshold`` is not found: two such pictures rarely correlate by more at full size.

    Args:
        pixels: (N, H, W) uint8, H and W at least 12.
        threshold: Correlation from which a pair is reported.

    Returns:
        The pairs, the most alike first.

    Raises:
        ValueError: if the threshold is no correlation above 0.
    """
    if not 0 < threshold <= 1:  # also where it is no number
        raise ValueError(f"near copies are told by a correlation above 0 and up to 1, got {threshold}")
    small = _standardise(_reduce(pixels))
    pairs = []
    for start in range(0, len(small), _BLOCK):
        alike = small[start:start + _BLOCK] @ small[start:].T
        for i, j in np.argwhere(np.triu(alike >= threshold, 1)):
            first, second = start + int(i), start + int(j)
            a, b = _standardise(pixels[[first, second]].astype(np.float32))
            correlation = float(a @ b)
            if correlation >= threshold and (pixels[first] != pixels[second]).any():
                pairs.append(Pair(round(correlation, 4), first, second))
    return sorted(pairs, key=lambda pair: (-pair.correlation, pair.first, pair.second))


def _reduce(pixels: np.ndarray) -> np.ndarray:
    """The means over 12 x 12 fields of nearly equal size."""
    height, width = pixels.shape[1:]
    rows, columns = (np.linspace(0, size, _SIDE, endpoint=False).astype(int) for size in (height, width))
    sums = np.add.reduceat(pixels, rows, 1, dtype=np.float32)
    sums = np.add.reduceat(sums, columns, 2)
    return sums / np.outer(np.diff([*rows, height]), np.diff([*columns, width]))


def _standardise(pictures: np.ndarray) -> np.ndarray:
    """Rows of mean 0 and length 1, so that their product is the correlation; those of constant pictures are 0."""
    flat = pictures.reshape(len(pictures), -1).astype(np.float32)
    flat = flat - flat.mean(1, keepdims=True)
    return flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-3)


def class_balance(faces: Faces) -> dict[str, dict[str, int]]:
    """The number of faces of each class in each split, and of those without a label."""
    names = dict(enumerate(FER2013_CLASSES))
    balance = {}
    for usage, split in enumerate(USAGES):
        values, counts = np.unique(faces.emotion[faces.usage == usage], return_counts=True)
        found = {names.get(int(value), "unlabelled"): int(count) for value, count in zip(values, counts)}
        balance[split] = {name: found.pop(name, 0) for name in FER2013_CLASSES} | found
    return balance


def fold_overlap(images: Sequence[KDEFImage], fold_of: np.ndarray) -> int:
    """The number of people with images in more than one fold."""
    folds: dict[str, set[int]] = {}
    for image, fold in zip(images, fold_of.tolist()):
        folds.setdefault(image.person, set()).add(fold)
    return sum(len(found) > 1 for found in folds.values())
