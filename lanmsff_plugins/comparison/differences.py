"""Is one network better than another? Differences of accuracy by pairs, with confidence intervals.

    difference = compare_hits(hits_with, hits_without)
    difference.low, difference.mean, difference.high

Two intervals answer two questions. Over the seeds: would other initial weights and other orders of the batches show the
same? It is Student's t for pairs. Over the pictures: would other pictures? It is that of Bonett and Price (2012,
Statistics in Medicine 31), which adds a picture that only the one network gets right and one that only the other does.
A difference counts only if it holds for both, so the wider of the two is reported.
"""
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from scipy import stats

__all__ = ["CONFIDENCE", "Difference", "compare_hits", "over_pictures", "over_seeds"]

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Difference:
    """A difference of accuracies, with its confidence interval.

    Attributes:
        mean: The difference, between -1 and 1.
        low: Lower end of the interval.
        high: Upper end.
        over: What the interval is over: 'seeds' or 'pictures'.
    """

    mean: float
    low: float
    high: float
    over: str

    @property
    def verdict(self) -> str:
        """'better' or 'worse' where the interval leaves 0 out, else 'within chance'."""
        return "better" if self.low > 0 else "worse" if self.high < 0 else "within chance"


def over_seeds(differences: np.ndarray) -> tuple[float, float]:
    """The interval of the mean of some differences (S,), one for each seed; S is 2 or more."""
    half = stats.t.ppf((1 + CONFIDENCE) / 2, len(differences) - 1) * stats.sem(differences)
    return float(differences.mean() - half), float(differences.mean() + half)


def over_pictures(differences: np.ndarray) -> tuple[float, float]:
    """The same of differences (N,), one for each picture, each between -1 and 1."""
    widened = np.append(differences, [1, -1])
    half = NormalDist().inv_cdf((1 + CONFIDENCE) / 2) * widened.std() / len(widened) ** 0.5
    return float(widened.mean() - half), float(widened.mean() + half)


def compare_hits(hits: np.ndarray, others: np.ndarray) -> Difference:
    """Compare two networks that were trained with the same seeds and tested on the same pictures.

    Args:
        hits: (S, N) bool, whether the one gets each picture right, for each seed.
        others: The same of the other network.
    """
    differences = hits.astype(float) - others
    intervals = {"pictures": over_pictures(differences.mean(0))}
    if len(differences) > 1:
        intervals["seeds"] = over_seeds(differences.mean(1))
    over = max(intervals, key=lambda name: intervals[name][1] - intervals[name][0])
    return Difference(float(differences.mean()), *intervals[over], over)
