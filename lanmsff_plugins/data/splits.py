"""What a split of any data set is: pictures, labels, and what else is known of each.

    selected = catalog.DATASETS["ferplus"].select("data/fer2013", "test")
    selected.pictures[0], selected.labels[0]
"""
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np

from ..base.errors import unknown

__all__ = ["SPLITS", "Pictures", "Selection", "check_split", "deal_folds"]

SPLITS = ("train", "val", "test", "train+val")


class Pictures(Protocol):
    """Pictures by number, decoded when they are asked for."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> np.ndarray:
        """(H, W) uint8, grey."""


@dataclass(frozen=True, eq=False)
class Selection:
    """The pictures of a split.

    Attributes:
        pictures: (H, W) uint8 each, grey.
        rows: (M,) int, the place of each in the data set's own files.
        labels: (M,) int, the class of each.
        names: (M,) str, the name of its file, '' where that is not known.
        scores: (M, C) float32, a distribution over the classes for each; None where there is only a class.
        draw_class: Draw a class from ``scores`` each time a picture is taken (FERPlus's mode 'probability').
        details: What else is known of each, by name: (M,) arrays, such as the ``view`` of the head.
        paths: The files of the pictures, where each is one whole file.
    """

    pictures: Pictures
    rows: np.ndarray
    labels: np.ndarray
    names: np.ndarray
    scores: np.ndarray | None = None
    draw_class: bool = False
    details: Mapping[str, np.ndarray] = field(default_factory=dict)
    paths: Sequence[Path] | None = None

    def __len__(self) -> int:
        return len(self.labels)


def check_split(split: str) -> None:
    """Raise a ValueError if there is no such split."""
    if split not in SPLITS:
        raise ValueError(unknown("split", split, SPLITS))


def deal_folds(units: Sequence[str], folds: int, seed: int = 0, what: str = "item") -> np.ndarray:
    """Deal items into folds of nearly equal numbers of units; items of one unit stay together.

    Args:
        units: (N,) what each item belongs to: a person, or the item itself.
        folds: Number of folds.
        seed: Seed of the deal.
        what: What a unit is, for the message.

    Returns:
        (N,) the fold of each item.

    Raises:
        ValueError: if there are fewer than two folds, or more than units.
    """
    order = sorted(set(units))
    if not 2 <= folds <= len(order):
        raise ValueError(f"cannot split {len(order)} {what}s into {folds} folds; expected 2 to {len(order)}")
    random.Random(seed).shuffle(order)
    fold_of = {unit: i % folds for i, unit in enumerate(order)}
    return np.array([fold_of[unit] for unit in units])
