"""Splits, labels, and rows to leave out: what every kind of data set is built on."""
import numpy as np
import pytest

from lanmsff_plugins.base.errors import DataError
from lanmsff_plugins.data.face_list import write_face_list
from lanmsff_plugins.data.fer2013.ferplus import read_ferplus
from lanmsff_plugins.data.fer2013.reader import read_fer2013
from lanmsff_plugins.data.fer2013.selection import select_fer2013, select_ferplus
from lanmsff_plugins.data.fer2013.votes import label_distributions
from lanmsff_plugins.data.fer2013.writers import write_layout, write_votes
from lanmsff_plugins.data.splits import SPLITS

from ..damage import assert_refused


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


def write(path, faces, *rows):
    write_face_list(path, faces.pixels, np.array(rows), "Some rows.")
    return path


@pytest.mark.parametrize("select", [select_fer2013, select_ferplus])
def test_rows_of_a_list_are_left_out_and_no_others(drawn_faces, tmp_path, select):
    faces = read_fer2013(drawn_faces)
    path = write(tmp_path / "rows.txt", faces, 5, 361, 370, 399)
    whole, left = (select(drawn_faces, "test", exclude=exclude).rows.tolist() for exclude in (None, path))
    assert left == [row for row in whole if row not in (361, 370, 399)] and len(left) < len(whole)


def test_a_list_by_hand_needs_nothing_but_rows(drawn_faces, tmp_path):
    (tmp_path / "rows.txt").write_text("# by hand\n\n361   # bad\r\n 370\n361\n")
    left = select_fer2013(drawn_faces, "test", tmp_path / "rows.txt").rows
    assert set(select_fer2013(drawn_faces, "test").rows) - set(left) == {361, 370}


def test_a_list_may_name_images_as_ferplus_does(drawn_faces, tmp_path):
    whole = select_ferplus(drawn_faces, "test")
    (tmp_path / "names.txt").write_text(f"{whole.names[3]}\n0/{whole.names[5].removesuffix('.png')}.jpg\n")
    left = select_ferplus(drawn_faces, "test", exclude=tmp_path / "names.txt")
    assert set(whole.rows) - set(left.rows) == {whole.rows[3], whole.rows[5]}


@pytest.mark.parametrize(("content", "message"), [
    *((f"361\n{line}\n", f"line 2: got '{line}', expected a row number") for line in (
        "-1", "1.5", "361,362", "361 362", "1e2", "0x10", "9999999999", "\u0663", "nan")),
    ("", "lists no face; expected a row number"), ("# nothing\n", "lists no face"), ("\x00\n", "line 1: got "),
    ("5\n6\n", "lists none of these 40 faces; is it a list for another split"), ("400\n", "lists none of these 40"),
    ("# of faces with fingerprint 00000000\n361\n", "the rows are of other faces, or of the same in another order"),
])
def test_a_list_that_is_none_is_refused_by_its_line(drawn_faces, tmp_path, content, message):
    path = tmp_path / "rows.txt"
    path.write_text(content)
    assert_refused(lambda _: select_fer2013(drawn_faces, "test", path), path, message)


def test_a_list_of_bytes_that_are_no_text_is_refused(drawn_faces, tmp_path):
    path = tmp_path / "rows.txt"
    path.write_bytes(b"361\n\xff\xfe\n")
    assert_refused(lambda _: select_fer2013(drawn_faces, "test", path), path, "line 2: got ")


def test_a_missing_list_is_refused_with_what_it_is(drawn_faces, tmp_path):
    assert_refused(lambda _: select_fer2013(drawn_faces, "test", tmp_path / "rows.txt"), tmp_path / "rows.txt",
                   "expected a text file with a row number", FileNotFoundError)


def test_a_list_for_the_same_faces_in_another_order_is_refused(named_faces, drawn_faces, tmp_path):
    path = write(tmp_path / "rows.txt", read_fer2013(drawn_faces), 361)
    write_layout(tmp_path / "other", "plain-folders", named_faces[0])
    with pytest.raises(DataError, match="rows.txt: the rows are of other faces, or of the same in another order"):
        select_fer2013(tmp_path / "other", "test", path)


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
