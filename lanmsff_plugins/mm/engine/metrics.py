"""Metrics that MMPretrain lacks."""
import math
from collections.abc import Sequence

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger

from ...base.tables import markdown
from ...data.face_list import FaceList
from ...registry import METRICS, register
from ...scores import Predictions, accuracy_by_list, confusion_matrix, summarize

__all__ = ["CrossEntropy", "ExpressionMetric"]


@register(METRICS)
class CrossEntropy(BaseMetric):
    """Cross-entropy of the predicted scores with the labels: what drives the authors' schedule.

    The result's name is ``cross_entropy``: MMEngine's log averages what has "loss" in its name over time.
    Scores are kept above 1e-7, as Keras keeps them.
    """

    def process(self, data_batch, data_samples: Sequence[dict]) -> None:
        for sample in data_samples:
            score = sample["pred_score"][int(sample["gt_label"])]
            self.results.append(-math.log(max(float(score), 1e-7)))

    def compute_metrics(self, results: list[float]) -> dict[str, float]:
        return {"cross_entropy": sum(results) / len(results)}


@register(METRICS)
class ExpressionMetric(BaseMetric):
    """What one top-1 accuracy does not say: how each class fares, each view of the head, each list of faces.

    Results, in percent: ``balanced_accuracy``, ``macro_f1``, ``calibration_error``, ``recall/CLASS``,
    ``view/VIEW`` where the records have a view (KDEF), and for each list ``NAME/listed`` and ``NAME/others``,
    the accuracies of the faces in it and of all but those. The confusion matrix goes to the log.

    Args:
        lists: Names of lists of faces and their files, for :class:`~lanmsff_plugins.data.FaceList`; they are read
            at once.
        out_file: Where to write the :class:`~lanmsff_plugins.scores.Predictions`, a ``.npz``.
        **kwargs: As for mmengine's ``BaseMetric``.
    """

    def __init__(self, lists: dict[str, str] | None = None, out_file: str | None = None, **kwargs):
        super().__init__(**kwargs)
        self.lists = {name: FaceList.read(path) for name, path in (lists or {}).items()}
        self.out_file = out_file

    def process(self, data_batch, data_samples: Sequence[dict]) -> None:
        for sample in data_samples:
            self.results.append((
                sample["pred_score"].cpu().numpy(), int(sample["gt_label"]),
                sample.get("row", sample["sample_idx"]), sample.get("name", ""), sample.get("view", "")))

    def compute_metrics(self, results: list[tuple]) -> dict[str, float]:
        predictions = Predictions(*map(np.array, zip(*results)))
        if self.out_file is not None:
            predictions.save(self.out_file)
        figures = summarize(predictions)
        metrics = {name: figures[name] for name in ("balanced_accuracy", "macro_f1", "calibration_error")}
        classes = (self.dataset_meta or {}).get("classes") or list(map(str, range(predictions.scores.shape[1])))
        confusion = confusion_matrix(predictions)
        MMLogger.get_current_instance().info("Confusion matrix\n" + markdown(
            ["true, down; predicted, across", *classes],
            [[name, *row] for name, row in zip(classes, confusion.tolist())]))
        for name, row, hits in zip(classes, confusion, confusion.diagonal()):
            if row.any():
                metrics[f"recall/{name}"] = 100 * hits / row.sum()
        for view in filter(None, sorted(set(predictions.views))):
            metrics[f"view/{view}"] = 100 * predictions.take(predictions.views == view).accuracy
        for name, part in accuracy_by_list(predictions, self.lists).items():
            metrics[f"{name}/listed"] = part["accuracy"]
            if "accuracy_of_others" in part:
                metrics[f"{name}/others"] = part["accuracy_of_others"]
        return {name: float(value) for name, value in metrics.items()}
