"""Predictions on disk, and the figures made of them: accuracy in several senses, confusion, calibration.

    summarize(Predictions.load("work_dirs/lanmsff_ferplus/test.npz"))
"""
import io
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from .base.errors import DataError
from .base.files import write_atomically
from .data.face_list import FaceList

__all__ = [
    "Predictions", "accuracy_by_list", "calibration_bins", "calibration_error", "confusion_matrix", "summarize",
]


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a network says of a test split.

    Attributes:
        scores: (N, C) float, the softmax of each face.
        labels: (N,) int, its true class.
        rows: (N,) int, its place in the data set's own files.
        names: (N,) str, the name of its image, '' where it has none.
        views: (N,) str, the view of its head where the data set says so, '' elsewhere.
    """

    scores: np.ndarray
    labels: np.ndarray
    rows: np.ndarray
    names: np.ndarray
    views: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, chosen: np.ndarray) -> "Predictions":
        """The faces that a mask (N,) or a list of indices names."""
        return Predictions(**{name: array[chosen] for name, array in vars(self).items()})

    def save(self, path: str | Path) -> None:
        """Write an ``.npz`` file, whole or not at all."""
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **asdict(self))
        write_atomically(path, buffer.getvalue())

    @classmethod
    def load(cls, path: str | Path) -> "Predictions":
        """Read what :meth:`save` wrote; nothing in the file can run code.

        Raises:
            FileNotFoundError: if there is no such file.
            DataError: if it is not such a file.
        """
        if not Path(path).is_file():
            raise FileNotFoundError(f"no predictions at {path}; `lanmsff test` writes them to its work dir")
        try:
            with np.load(path, allow_pickle=False) as arrays:
                predictions = cls(**{name: arrays[name] for name in cls.__dataclass_fields__})
        except (OSError, KeyError, ValueError, EOFError, AttributeError, zipfile.BadZipFile) as error:
            raise DataError(f"{path} does not hold predictions as `lanmsff test` writes them: {error}") from None
        if predictions.scores.ndim != 2 or len({len(array) for array in vars(predictions).values()}) != 1:
            raise DataError(f"{path} holds predictions whose parts do not have one row for each face")
        return predictions

    @property
    def accuracy(self) -> float:
        """Share of faces whose strongest class is the true one."""
        return float((self.scores.argmax(1) == self.labels).mean())


def confusion_matrix(predictions: Predictions) -> np.ndarray:
    """(C, C) counts: the true class down, the predicted one across."""
    classes = predictions.scores.shape[1]
    cells = predictions.labels.astype(int) * classes + predictions.scores.argmax(1)
    return np.bincount(cells, minlength=classes ** 2).reshape(classes, classes)


def calibration_bins(predictions: Predictions, bins: int = 15) -> list[tuple[int, float, float]]:
    """How often a network is right when it is so and so sure.

    Args:
        predictions: The scores and labels.
        bins: Number of bins of equal width that confidence, from 0 to 1, is cut into; 15 is what most
            papers take since Guo et al., 2017 - https://arxiv.org/abs/1706.04599

    Returns:
        For each bin that is not empty: the number of faces, their mean confidence, their accuracy.
    """
    confidence = predictions.scores.max(1)
    right = predictions.scores.argmax(1) == predictions.labels
    which = np.clip(np.ceil(confidence * bins) - 1, 0, bins - 1).astype(int)  # the upper edge belongs to a bin
    members = (which == i for i in range(bins))
    return [(int(m.sum()), float(confidence[m].mean()), float(right[m].mean())) for m in members if m.any()]


def calibration_error(predictions: Predictions, bins: int = 15) -> float:
    """Expected calibration error: the mean distance of confidence and accuracy, from 0 to 1."""
    return sum(n * abs(sure - right) for n, sure, right in calibration_bins(predictions, bins)) / len(predictions)


def accuracy_by_list(predictions: Predictions, lists: Mapping[str, FaceList]) -> dict[str, dict[str, float]]:
    """How the faces of each list fare, and all others.

    Returns:
        For each list, by its name: its number of ``faces`` among these, their ``accuracy`` in percent, and, where
        there are others, ``accuracy_of_others``.

    Raises:
        DataError: if a list has none of these faces.
    """
    result = {}
    for name, faces in lists.items():
        listed = faces.mask(predictions.rows, predictions.names)
        result[name] = {"faces": int(listed.sum()), "accuracy": 100 * predictions.take(listed).accuracy}
        if not listed.all():
            result[name]["accuracy_of_others"] = 100 * predictions.take(~listed).accuracy
    return result


def summarize(predictions: Predictions) -> dict[str, float]:
    """The figures of a test split in percent, except for the number of faces.

    ``balanced_accuracy`` is the mean recall of the classes that occur among the labels; ``macro_f1`` the
    mean F1 of those that occur among labels or predictions.
    """
    confusion = confusion_matrix(predictions)
    hits, true, predicted = confusion.diagonal(), confusion.sum(1), confusion.sum(0)
    occurs = true + predicted > 0
    return {
        "faces": len(predictions),
        "accuracy": 100 * predictions.accuracy,
        "balanced_accuracy": 100 * float((hits[true > 0] / true[true > 0]).mean()),
        "macro_f1": 100 * float((2 * hits[occurs] / (true + predicted)[occurs]).mean()),
        "calibration_error": 100 * calibration_error(predictions),
    }
