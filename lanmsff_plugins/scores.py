"""Predictions on disk, and the figures made of them: accuracy in several senses, confusion, calibration.

    summarize(Predictions.load("work_dirs/lanmsff_ferplus/test.npz"))
"""
import io
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from .base.errors import DataError, one_line
from .base.files import write_atomically
from .data.face_list import FaceList

__all__ = [
    "Predictions", "accuracy_by_list", "at_temperature", "best_temperature", "calibration_bins", "calibration_error",
    "confusion_matrix", "summarize",
]

_KINDS = {"scores": ("f", 2), "labels": ("iu", 1), "rows": ("iu", 1), "names": ("U", 1), "views": ("U", 1)}
_EXPECTED = {"f": "floating-point numbers", "iu": "integers", "U": "text"}
_SUM_TOLERANCE = 0.01  # mixed precision rounds each score


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
            DataError: if it is not such a file, if its scores are no probabilities, or if its labels are no classes.
        """
        path = Path(path).expanduser()
        if not path.is_file():
            raise FileNotFoundError(f"no predictions at {path}; `lanmsff test` writes them to its work dir")
        try:
            with np.load(path, allow_pickle=False) as arrays:
                predictions = cls(**{name: arrays[name] for name in cls.__dataclass_fields__})
        except Exception as error:  # a damaged archive can fail in any way
            raise DataError(f"{path} does not hold predictions as `lanmsff test` writes them: {one_line(error)}"
                            ) from None
        if fault := predictions._fault():
            raise DataError(f"{path} holds {fault}; write it anew by `lanmsff test`")
        return predictions

    def _fault(self) -> str:
        """What is wrong with the arrays; '' if nothing is."""
        for name, (kinds, dimensions) in _KINDS.items():
            array = getattr(self, name)
            if array.dtype.kind not in kinds or array.ndim != dimensions:
                return (f"{name} of type {array.dtype} and shape {array.shape}, expected {_EXPECTED[kinds]} in "
                        f"{dimensions} dimension{'s' * (dimensions > 1)}")
        if len({len(array) for array in vars(self).values()}) != 1:
            return "predictions whose parts do not have one row for each face"
        faces, classes = self.scores.shape
        if faces == 0 or classes < 2:
            return f"scores of {faces} faces and {classes} classes"
        sums = self.scores.sum(1, dtype=float)
        for what, wrong in (
                ("scores that are not finite", ~np.isfinite(self.scores).all(1)),
                ("negative scores, expected probabilities", (self.scores < 0).any(1)),
                ("scores that do not sum to 1, expected probabilities", abs(sums - 1) > _SUM_TOLERANCE),
                (f"labels beyond its {classes} classes", (self.labels < 0) | (self.labels >= classes)),
                ("negative rows", self.rows < 0)):
            if wrong.any():
                at = int(wrong.argmax())
                return f"{what}, such as for row {self.rows[at]}"
        return ""

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


def at_temperature(predictions: Predictions, temperature: float) -> Predictions:
    """The predictions whose scores are the softmax of the logits divided by ``temperature``.

    The order of the classes of a face stays; above 1 it is less sure of the first, below 1 more.
    """
    scores = predictions.scores.astype(float) ** (1 / temperature)
    return replace(predictions, scores=scores / scores.sum(1, keepdims=True))


def best_temperature(predictions: Predictions) -> float:
    """The temperature, to a hundredth, at which the scores have the smallest cross-entropy with the labels.

    Source: Guo et al., 2017 - https://arxiv.org/abs/1706.04599
    """
    def cross_entropy(temperature: float) -> float:
        scores = at_temperature(predictions, temperature).scores
        return -np.log(scores[np.arange(len(scores)), predictions.labels].clip(1e-12)).mean()

    return min(np.arange(20, 501) / 100, key=cross_entropy).item()


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
