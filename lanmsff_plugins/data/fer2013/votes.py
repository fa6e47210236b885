"""From ten votes on a face to its label: the four ways of FERPlus's code, and another one met in papers.

Source: Barsoum et al., Training Deep Networks for Facial Expression Recognition with Crowd-Sourced Label
Distribution, 2016 - https://arxiv.org/abs/1608.01041
"""
import numpy as np

from ...base.errors import unknown

__all__ = ["FERPLUS_CLASSES", "LABEL_MODES", "VOTE_COLUMNS", "label_distributions"]

FERPLUS_CLASSES = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
LABEL_MODES = ("majority", "probability", "cross-entropy", "multi-target", "argmax")
VOTE_COLUMNS = (*FERPLUS_CLASSES, "unknown", "NF")

_N = len(FERPLUS_CLASSES)


def label_distributions(votes: np.ndarray, mode: str) -> np.ndarray:
    """Make labels of votes, as the official code does, or as papers do that name no rule ('argmax').

    Args:
        votes: (N, 10) votes in the columns' order.
        mode: One of ``LABEL_MODES``. 'majority' gives one class, if more than half voted for it;
            'probability' and 'cross-entropy' share the strongest up to three; 'multi-target' those
            with at least 0.3 of the votes. 'argmax' is not official: the first strongest of the eight
            classes, as in RAN (https://arxiv.org/abs/1905.04075), whatever unknown and NF have.

    Returns:
        (N, 8) float32 distributions; all zeros where the face is dropped.

    Raises:
        ValueError: if there is no such mode, or the votes have another shape.
    """
    if mode not in LABEL_MODES:
        raise ValueError(unknown("label mode", mode, LABEL_MODES))
    if votes.ndim != 2 or votes.shape[1] != len(VOTE_COLUMNS):
        raise ValueError(f"votes must be (N, {len(VOTE_COLUMNS)}), got {votes.shape}; expected the columns "
                         f"{', '.join(VOTE_COLUMNS)}")
    if mode == "argmax":
        return np.eye(_N, dtype=np.float32)[votes[:, :_N].argmax(1)] * votes[:, :_N].any(1, keepdims=True)
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
