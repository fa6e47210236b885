"""Metrics that MMPretrain lacks."""
import math
from collections.abc import Sequence

from mmengine.evaluator import BaseMetric

from ..registry import METRICS, register

__all__ = ["CrossEntropy"]


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
