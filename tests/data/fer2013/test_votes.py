"""Votes become labels by the official rules, and by the other one that papers use."""
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lanmsff_plugins.data.fer2013.faces import Faces
from lanmsff_plugins.data.fer2013.ferplus import read_ferplus
from lanmsff_plugins.data.fer2013.votes import FERPLUS_CLASSES, LABEL_MODES, label_distributions

COLUMNS = (*FERPLUS_CLASSES, "unknown", "NF")

# Ten raters; or any numbers; or few different ones, for ties.
RATERS = st.lists(st.integers(0, 9), min_size=10, max_size=10).map(lambda given: [given.count(i) for i in range(10)])
ROW = st.one_of(RATERS, *(st.lists(numbers, min_size=10, max_size=10) for numbers in (
    st.integers(0, 10), st.sampled_from([0, 2]), st.sampled_from([0, 0, 0, 1, 2, 3]))))


@cache
def official(row: tuple[int, ...], mode: str) -> list[float]:
    """The official rules once more, by loops over whole numbers."""
    nothing, names = [0.] * 8, ("unknown", "NF")
    votes = {name: count if count >= 2 else 0 for name, count in zip(COLUMNS, row)}
    total, kept = sum(votes.values()), {}
    if mode == "argmax":
        return [float(max(row[:8]) > 0 and i == row.index(max(row[:8]))) for i in range(8)]
    if mode == "majority":
        for name, count in votes.items():
            if 2 * count > total:
                kept[name] = count
    elif mode == "multi-target":
        for name, count in votes.items():
            if count > 0 and 10 * count >= 3 * total:
                kept[name] = count
    else:
        strongest_first = sorted(set(votes.values()) - {0}, reverse=True)
        while strongest_first and 4 * sum(kept.values()) < 3 * total and len(kept) < 3:
            level = strongest_first.pop(0)
            for name in [name for name in COLUMNS if votes[name] == level]:
                if name not in names or not kept:
                    kept[name] = level
                if name in names:
                    strongest_first = []
                    break
        if len(kept) > 3:
            return nothing
    if 2 * sum(kept.values()) <= total:
        return nothing
    best = max(kept, key=lambda name: (kept[name], -COLUMNS.index(name)))
    if best in names:
        return nothing
    share = sum(count for name, count in kept.items() if name not in names)
    return [kept.get(name, 0) / share for name in FERPLUS_CLASSES]


@pytest.mark.parametrize(("votes", "majority", "probability", "multi_target"), [
    ([10, 0, 0, 0, 0, 0, 0, 0, 0, 0], {0: 1}, {0: 1}, {0: 1}),
    ([4, 0, 0, 1, 3, 2, 0, 0, 0, 0], {}, {0: 4 / 7, 4: 3 / 7}, {0: 4 / 7, 4: 3 / 7}),  # the 1 is noise
    ([5, 1, 1, 1, 1, 1, 0, 0, 0, 0], {0: 1}, {0: 1}, {0: 1}),  # and so are five of them
    ([5, 5, 0, 0, 0, 0, 0, 0, 0, 0], {}, {0: .5, 1: .5}, {0: .5, 1: .5}),  # half is no majority
    ([2, 2, 2, 2, 2, 0, 0, 0, 0, 0], {}, {}, {}),  # five that tie are too many
    ([0, 0, 0, 0, 0, 0, 0, 0, 0, 10], {}, {}, {}),  # no face
    ([4, 0, 0, 0, 0, 0, 0, 0, 6, 0], {}, {}, {}),  # unknown
    ([6, 0, 0, 0, 0, 0, 0, 0, 4, 0], {0: 1}, {0: 1}, {0: 1}),  # unknown follows an emotion
    ([5, 0, 0, 0, 0, 0, 0, 0, 5, 0], {}, {}, {0: 1}),  # it ends the taking at half of the votes
    ([3, 0, 3, 0, 0, 0, 0, 2, 2, 0], {}, {0: 3 / 8, 2: 3 / 8, 7: 2 / 8}, {0: .5, 2: .5}),
    ([1, 1, 1, 1, 1, 1, 1, 1, 1, 1], {}, {}, {}),
    ([0, 0, 0, 0, 0, 0, 0, 0, 0, 0], {}, {}, {})])
def test_votes_become_the_labels_that_the_rules_give_by_hand(votes, majority, probability, multi_target):
    expected = {"majority": majority, "probability": probability, "cross-entropy": probability,
                "multi-target": multi_target}
    for mode, wanted in expected.items():
        label = label_distributions(np.array([votes]), mode)[0]
        assert {i: share for i, share in enumerate(label.tolist()) if share} == pytest.approx(wanted), mode


@settings(deadline=None, max_examples=400)
@given(st.lists(ROW, max_size=8), st.sampled_from(LABEL_MODES))
def test_labels_agree_with_the_rules_applied_one_by_one(rows, mode):
    found = label_distributions(np.array(rows, np.uint8).reshape(-1, 10), mode)
    assert found.shape == (len(rows), 8) and found.dtype == np.float32
    for row, label in zip(rows, found):
        assert label.tolist() == pytest.approx(official(tuple(row), mode)), row


@settings(deadline=None, max_examples=200)
@given(ROW, st.sampled_from(LABEL_MODES))
def test_a_label_is_a_distribution_over_voted_classes_or_all_zeros(row, mode):
    label = label_distributions(np.array([row], np.uint8), mode)[0]
    assert not label.any() or label.sum() == pytest.approx(1)
    assert all(row[i] >= (1 if mode == "argmax" else 2) for i in np.flatnonzero(label))
    if mode in ("majority", "argmax"):
        assert label.max() == label.sum()


@settings(deadline=None, max_examples=100)
@given(ROW)
def test_a_majority_is_the_strongest_class_of_every_mode_that_keeps_the_face(row):
    labels = [label_distributions(np.array([row], np.uint8), mode)[0] for mode in LABEL_MODES]
    if labels[0].any():
        assert {label.argmax() for label in labels if label.any()} == {labels[0].argmax()}


@pytest.mark.parametrize("shape", [(10,), (3, 8), (3, 11), (3, 10, 1)])
def test_votes_of_another_shape_are_refused(shape):
    with pytest.raises(ValueError, match=r"^votes must be \(N, 10\), got"):
        label_distributions(np.ones(shape, np.uint8), "majority")


def test_an_unknown_mode_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="unknown label mode 'average'; expected one of majority, probability, cross-"):
        label_distributions(np.zeros((1, 10), np.uint8), "average")


@pytest.fixture(scope="module")
def real(real_data) -> tuple[Faces, np.ndarray]:
    return read_ferplus(real_data)


@pytest.mark.parametrize(("mode", "counts"), [
    ("majority", (25_060, 3_199, 3_153)), ("probability", (27_956, 3_505, 3_505)),
    ("cross-entropy", (27_956, 3_505, 3_505)), ("multi-target", (27_671, 3_472, 3_472)),
    ("argmax", (28_559, 3_579, 3_573))])
def test_real_votes_keep_the_published_number_of_faces_of_each_split(real, mode, counts):
    faces, votes = real
    kept = label_distributions(votes, mode).any(1)
    assert tuple(np.bincount(faces.usage[kept])) == counts


@pytest.mark.parametrize(("usage", "counts"), [*enumerate([
    (8740, 7287, 3149, 3014, 2100, 119, 532, 119), (1182, 865, 415, 351, 287, 24, 62, 13),
    (1090, 893, 396, 384, 273, 18, 83, 16)])])
def test_real_majorities_have_the_published_number_of_each_class(real, usage, counts):
    faces, votes = real
    assert tuple(label_distributions(votes[faces.usage == usage], "majority").sum(0)) == counts


@pytest.mark.parametrize("mode", LABEL_MODES)
def test_every_real_row_has_the_label_of_the_rules_applied_one_by_one(real, mode):
    expected = [official(tuple(row), mode) for row in real[1].tolist()]
    np.testing.assert_allclose(label_distributions(real[1], mode), expected, atol=1e-6)
