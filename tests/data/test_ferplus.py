"""FERPlus: the votes join the right faces, and become labels by the official rules."""
import csv
import re
from functools import cache
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lanmsff_plugins.data import (
    FER2013_CLASSES,
    FERPLUS_CLASSES,
    LABEL_MODES,
    USAGES,
    DataError,
    Faces,
    label_distributions,
    read_fer2013,
    read_ferplus,
)
from lanmsff_plugins.data.synthetic import write_fer2013

from .damage import assert_refused, cut, edit, spoil

COLUMNS = (*FERPLUS_CLASSES, "unknown", "NF")
CALLED_IN_FER2013 = {"neutral": "neutral", "happiness": "happy", "surprise": "surprise", "sadness": "sad",
                     "anger": "angry", "disgust": "disgust", "fear": "fear", "contempt": None}

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
    for mode in LABEL_MODES:
        label = label_distributions(np.array([votes]), mode)[0]
        assert {i: share for i, share in enumerate(label.tolist()) if share} == pytest.approx(expected[mode]), mode


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
    assert all(row[i] >= 2 for i in np.flatnonzero(label))
    if mode == "majority":
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


def test_drawn_faces_and_votes_come_out_row_by_row(drawn_faces):
    faces, votes = read_ferplus(drawn_faces)
    with open(drawn_faces / "fer2013new.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert votes.tolist() == [[int(row[name]) for name in COLUMNS] for row in rows]
    assert [USAGES[usage] for usage in faces.usage] == [row["Usage"] for row in rows]
    np.testing.assert_array_equal(faces.pixels, read_fer2013(drawn_faces).pixels)


@pytest.mark.parametrize("name", ["fer2013.csv", "fer2013new.csv"])
def test_a_missing_file_is_refused_with_where_to_get_it(forty_faces, name):
    (forty_faces / name).unlink()
    assert_refused(read_ferplus, forty_faces / name, f"get {name} from .* or draw", FileNotFoundError)


@pytest.mark.parametrize(("damage", "message"), [
    pytest.param(cut(0), "line 1: got the columns '', expected 'Usage,Image name,neutral,", id="empty file"),
    pytest.param(lambda lines: lines[0], "has votes for 0 faces, fer2013.csv has 40", id="header only"),
    pytest.param(edit(1, b"neutral,happiness", b"happiness,neutral"), "line 1: got the columns 'Usage,Image name,happi",
                 id="columns of another order"),
    *(pytest.param(edit(7, rb"png,\d+,", b"png," + vote + b","),
                   rf"line 7, column neutral: got {vote.decode()!r} votes, expected whole numbers from 0 to 10",
                   id=f"vote {vote.decode()}") for vote in (b"11", b"x", b"-1", b"1.5", b"")),
    pytest.param(edit(7, rb"\d+\n", b"11\n"), "line 7, column NF: got '11' votes", id="vote 11 in the last column"),
    pytest.param(edit(7, rb"png,\d+,", b"png," + 5000 * b"1" + b","), "line 7, column neutral: got '1+'",
                 id="endless vote"),
    pytest.param(edit(7, rb"png,\d+,", b"png,\0,"), r"line 7.* got '\\x00'", id="NUL"),
    pytest.param(edit(7, b"fer", b"f\xe9r"), "line 7: not a CSV file .*0xe9", id="no UTF-8"),
    pytest.param(edit(7, b"Training", b"Test"), "line 7, column Usage: got 'Test', expected one of Training, Public",
                 id="unknown Usage"),
    pytest.param(edit(7, b"png", b"png,0"), "line 7: got 13 columns, expected 12", id="extra column"),
    pytest.param(edit(7, rb",\d+\n", b"\n"), "line 7: got 11 columns, expected 12", id="missing column"),
    pytest.param(edit(7, b"^", b"\n"), "line 7: got 0 columns", id="blank line"),
    pytest.param(edit(7, b"fer", b'"fer'), "line 7: got 2 columns", id="open quote"),
    pytest.param(cut(-10), "line 41: got [1-9] columns, expected 12", id="cut in a row"),
    pytest.param(lambda lines: b"".join(lines[:-1]), "has votes for 39 faces, fer2013.csv has 40", id="a row short"),
    pytest.param(lambda lines: b"".join([*lines, lines[-1]]), "has votes for 41 faces, fer2013.csv has 40",
                 id="a row too many"),
    pytest.param(lambda lines: b"".join([lines[0], *lines[:0:-1]]),
                 "line 2: Usage is PrivateTest, fer2013.csv has Training there", id="splits in another order"),
    pytest.param(edit(34, b"PublicTest", b"PrivateTest"),
                 "line 34: Usage is PrivateTest, fer2013.csv has PublicTest there", id="one row of another split"),
])
def test_damaged_votes_are_refused_by_line_and_column(forty_faces, damage, message):
    spoil(forty_faces / "fer2013new.csv", damage)
    assert_refused(read_ferplus, forty_faces / "fer2013new.csv", message)


@pytest.fixture(params=["drawn_faces", "real_data"])
def first_faces(request, tmp_path) -> Path:
    """A copy of up to 2,000 faces with their votes."""
    for name in ("fer2013.csv", "fer2013new.csv"):
        with open(request.getfixturevalue(request.param) / name, "rb") as file:
            (tmp_path / name).write_bytes(b"".join(islice(file, 2001)))
    return tmp_path


@pytest.mark.parametrize("shift", [0, 1, -1, 3, 100])
def test_votes_are_refused_if_they_stand_beside_other_faces(first_faces, shift):
    path = first_faces / "fer2013new.csv"
    header, *lines = path.read_text().splitlines()
    splits_and_names, votes = zip(*(re.match(r"(\w+,[^,]*)(,.*)", line).groups() for line in lines))
    path.write_text("\n".join([header, *map("".join, zip(splits_and_names, votes[shift:] + votes[:shift]))]))
    if shift:
        assert_refused(read_ferplus, path, r"agree with the labels of fer2013.csv on \d\d?\.\d% .* rows .* shifted")
    else:
        assert len(read_ferplus(first_faces)[1]) == len(votes)


@pytest.fixture(scope="module")
def real(real_data) -> tuple[Faces, np.ndarray]:
    return read_ferplus(real_data)


@pytest.mark.parametrize(("mode", "counts"), [
    ("majority", (25_060, 3_199, 3_153)), ("probability", (27_956, 3_505, 3_505)),
    ("cross-entropy", (27_956, 3_505, 3_505)), ("multi-target", (27_671, 3_472, 3_472))])
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


def test_the_strongest_real_vote_is_the_label_of_fer2013_as_often_as_known(real):
    faces, votes = real
    agree = 0
    for emotion, row in zip(faces.emotion.tolist(), votes.tolist()):
        strongest = FERPLUS_CLASSES[row.index(max(row[:8]))] if any(row[:8]) else "neutral"
        agree += CALLED_IN_FER2013[strongest] == FER2013_CLASSES[emotion]
    assert f"{agree / len(faces):.2%}" == "62.57%"


def test_real_rows_without_a_name_are_no_faces(real, real_data):
    faces, votes = real
    with open(real_data / "fer2013new.csv", newline="") as file:
        nameless = np.array([row["Image name"] == "" for row in csv.DictReader(file)])
    assert np.bincount(faces.usage[nameless]).tolist() == [148, 10, 15]
    assert (votes[nameless] == [0] * 9 + [10]).all()


def test_votes_that_were_cut_within_the_last_number_are_refused(tmp_path):
    write_fer2013(tmp_path, faces=50)  # the last face is none: ten votes for NF
    path = tmp_path / "fer2013new.csv"
    path.write_bytes(path.read_bytes().removesuffix(b"0\n"))
    with pytest.raises(DataError, match="fer2013new.csv, line 51: the file ends within a line and 1 of 10 votes"):
        read_ferplus(tmp_path)
