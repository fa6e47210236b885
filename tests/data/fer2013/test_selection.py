"""Splits, labels, and rows to leave out: what every kind of data set is built on."""
import numpy as np
import pytest

from lanmsff_plugins.base.errors import DataError
from lanmsff_plugins.data.fer2013.ferplus import read_ferplus
from lanmsff_plugins.data.fer2013.reader import read_fer2013
from lanmsff_plugins.data.fer2013.selection import select_fer2013, select_ferplus
from lanmsff_plugins.data.fer2013.votes import label_distributions
from lanmsff_plugins.data.fer2013.writers import write_layout, write_votes
from lanmsff_plugins.data.splits import SPLITS


def test_the_three_splits_hold_every_face_once_and_train_and_val_together_hold_both(drawn_faces):
    rows = {split: select_fer2013(drawn_faces, split).rows.tolist() for split in SPLITS}
    assert sorted(rows["train"] + rows["val"] + rows["test"]) == list(range(400))
    assert rows["train+val"] == rows["train"] + rows["val"]


def test_a_label_is_that_of_its_row(drawn_faces):
    selected = select_fer2013(drawn_faces, "test")
    assert selected.labels.tolist() == read_fer2013(drawn_faces).emotion[selected.rows].tolist() and len(selected) == 40


@pytest.mark.parametrize("mode", ["majority", "cross-entropy", "argmax"])
def test_a_score_is_that_of_its_row_and_faces_without_one_are_left_out(drawn_faces, mode):
    faces, votes = read_ferplus(drawn_faces)
    scores = label_distributions(votes, mode)
    selected = select_ferplus(drawn_faces, "train+val", mode)
    assert selected.rows.tolist() == [row for row in range(400) if faces.usage[row] < 2 and scores[row].any()]
    np.testing.assert_array_equal(selected.scores, scores[selected.rows])
    assert selected.labels.tolist() == scores[selected.rows].argmax(1).tolist()


def test_the_convention_of_ran_trains_on_two_splits_with_the_strongest_of_eight(real_data):
    assert len(select_ferplus(real_data, "train+val", "argmax")) == 28_559 + 3_579
    assert len(select_ferplus(real_data, "train+val")) == 25_060 + 3_199
    assert len(select_fer2013(real_data, "train+val")) == 28_709 + 3_589


def test_a_split_without_labels_is_refused_for_fer2013_and_has_those_of_ferplus(named_faces, drawn_faces, tmp_path):
    write_layout(tmp_path, "train.csv", named_faces[0])
    write_votes(tmp_path, *named_faces)
    assert len(select_fer2013(tmp_path, "train")) == 320
    with pytest.raises(DataError, match=f"^{tmp_path} has no labels of FER-2013 for the split 'test'; get fer2013.csv"):
        select_fer2013(tmp_path, "test")
    assert select_ferplus(tmp_path, "test").rows.tolist() == select_ferplus(drawn_faces, "test").rows.tolist()


@pytest.mark.parametrize("select", [select_fer2013, select_ferplus])
def test_an_unknown_split_is_refused_with_the_known_ones(drawn_faces, select):
    with pytest.raises(ValueError, match=r"unknown split 'valid'; expected one of train, val, test, train\+val"):
        select(drawn_faces, "valid")


def test_a_split_whose_faces_all_lose_their_label_is_refused(named_faces, tmp_path):
    faces, votes = named_faces
    write_layout(tmp_path, "fer2013.csv", faces)
    votes = votes.copy()
    votes[faces.usage == 1] = [0] * 9 + [10]
    write_votes(tmp_path, faces, votes)
    with pytest.raises(DataError, match="has no face with a label of mode 'majority' in the split 'val'"):
        select_ferplus(tmp_path, "val")
