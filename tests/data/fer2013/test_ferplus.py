"""FERPlus: the votes join the right faces, by row or by name."""
import csv
import re
import shutil
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open

from lanmsff_plugins.base.errors import DataError
from lanmsff_plugins.data.fer2013.faces import FER2013_CLASSES, USAGES, Faces
from lanmsff_plugins.data.fer2013.ferplus import Votes, read_ferplus
from lanmsff_plugins.data.fer2013.reader import read_fer2013
from lanmsff_plugins.data.fer2013.votes import FERPLUS_CLASSES, LABEL_MODES, label_distributions
from lanmsff_plugins.data.fer2013.writers import write_layout, write_votes
from lanmsff_plugins.data.synthetic.writers import write_fer2013

from ..conftest import take, with_names
from ..damage import assert_refused, cut, edit, nul_refused, spoil

COLUMNS = (*FERPLUS_CLASSES, "unknown", "NF")
CALLED_IN_FER2013 = {"neutral": "neutral", "happiness": "happy", "surprise": "surprise", "sadness": "sad",
                     "anger": "angry", "disgust": "disgust", "fear": "fear", "contempt": None}


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
    pytest.param(lambda lines: lines[0], "has a header and no votes", id="header only"),
    pytest.param(edit(1, b"neutral,happiness", b"joy,neutral"), "line 1: got the columns 'Usage,Image name,joy,neu",
                 id="unknown column"),
    pytest.param(edit(1, b"neutral,happiness", b"neutral,neutral"), "line 1: got the columns 'Usage,Image name,neut",
                 id="a column twice"),
    *(pytest.param(edit(7, rb"png,\d+,", b"png," + vote + b","),
                   rf"line 7, column neutral: got {vote.decode()!r} votes, expected whole numbers from 0 to 10",
                   id=f"vote {vote.decode()}") for vote in (b"11", b"x", b"-1", b"1.5", b"")),
    pytest.param(edit(7, rb"\d+\n", b"11\n"), "line 7, column NF: got '11' votes", id="vote 11 in the last column"),
    pytest.param(edit(7, rb"png,\d+,", b"png," + 5000 * b"1" + b","), "line 7, column neutral: got '1+'",
                 id="endless vote"),
    pytest.param(edit(7, rb"png,\d+,", b"png,\0,"), "line 7.*" + nul_refused(r"\\x00"), id="NUL"),
    pytest.param(edit(7, b"fer", b"f\xe9r"), "line 7: not a CSV file .*0xe9", id="no UTF-8"),
    pytest.param(edit(7, b"Training", b"Test"), "line 7, column Usage: got 'Test', expected one of Training, Public",
                 id="unknown Usage"),
    pytest.param(edit(7, b"png", b"png,0"), "line 7: got 13 columns, expected 12", id="extra column"),
    pytest.param(edit(7, rb",\d+\n", b"\n"), "line 7: got 11 columns, expected 12", id="missing column"),
    pytest.param(edit(7, b"^", b"\n"), "line 7: got 0 columns", id="blank line"),
    pytest.param(edit(7, b"fer", b'"fer'), "line 7: got 2 columns", id="open quote"),
    pytest.param(cut(-10), "line 41: got [1-9] columns, expected 12", id="cut in a row"),
    pytest.param(lambda lines: b"".join(lines[:-1]), "has votes for 39 faces, FER-2013 has 40", id="a row short"),
    pytest.param(lambda lines: b"".join([*lines, lines[-1]]), "has votes for 41 faces, FER-2013 has 40",
                 id="a row too many"),
    pytest.param(lambda lines: b"".join([lines[0], *lines[:0:-1]]),
                 "line 2: Usage is PrivateTest, the face of that row is Training", id="splits in another order"),
    pytest.param(edit(34, b"PublicTest", b"PrivateTest"),
                 "line 34: Usage is PrivateTest, the face of that row is PublicTest", id="one row of another split"),
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
        assert_refused(read_ferplus, path, r"agree with the labels of FER-2013 on \d\d?\.\d% .* rows .* shifted")
    else:
        assert len(read_ferplus(first_faces)[1]) == len(votes)


@pytest.fixture(scope="module")
def real(real_data) -> tuple[Faces, np.ndarray]:
    return read_ferplus(real_data)


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


def numbered(faces: Faces, votes: np.ndarray, data_root: Path) -> np.ndarray:
    """Write the faces as images of FERPlus's names, and the votes; gives the rows that have an image."""
    write_layout(data_root, "ferplus-folders", faces)
    write_votes(data_root, faces, votes)
    return np.flatnonzero(faces.names != b"")


def test_votes_join_images_by_name_whatever_their_order(named_faces, tmp_path):
    faces, votes = named_faces
    order = np.random.default_rng(0).permutation(len(faces))
    numbered(take(faces, order), votes[order], tmp_path)
    found, joined = read_ferplus(tmp_path)
    expected = dict(zip(faces.names.tolist(), zip(faces.pixels.tolist(), votes.tolist())))
    assert len(found) == 392
    for name, pixels, row in zip(found.names.tolist(), found.pixels.tolist(), joined.tolist()):
        assert (pixels, row) == expected[name]


def rename(faces: Faces, row: int, name: bytes) -> Faces:
    names = faces.names.copy()
    names[row] = name
    return replace(faces, names=names)


def test_a_name_that_stands_twice_with_the_same_votes_has_them(named_faces, tmp_path):
    faces, votes = rename(named_faces[0], 4, b"fer0000003.png"), named_faces[1].copy()
    votes[4] = votes[3]
    numbered(faces, votes, tmp_path)
    found, joined = read_ferplus(tmp_path)
    assert len(found) == 391
    assert joined[found.names == b"fer0000003.png"].tolist() == [votes[3].tolist()]


def test_a_name_that_stands_twice_with_two_votes_has_none_and_no_label(named_faces, tmp_path):
    faces, votes = rename(named_faces[0], 4, b"fer0000003.png"), named_faces[1]
    assert (votes[3] != votes[4]).any()
    numbered(faces, votes, tmp_path)
    found, joined = read_ferplus(tmp_path)
    assert joined[found.names == b"fer0000003.png"].tolist() == [[0] * 10]
    assert all(not label_distributions(joined, mode)[found.names == b"fer0000003.png"].any() for mode in LABEL_MODES)


def test_a_name_that_stands_in_two_splits_has_the_votes_of_each(named_faces, tmp_path):
    faces, votes = rename(named_faces[0], 350, b"fer0000003.png"), named_faces[1]
    numbered(faces, votes, tmp_path)
    found, joined = read_ferplus(tmp_path)
    assert joined[found.names == b"fer0000003.png"].tolist() == votes[[3, 350]].tolist()


@pytest.mark.parametrize("layout", ["parquet", "folders", "plain-folders"])
def test_images_with_names_of_another_kind_are_refused_for_they_do_not_tell_whose_votes_are_whose(
        named_faces, layout, tmp_path):
    write_layout(tmp_path, layout, named_faces[0])
    write_votes(tmp_path, *named_faces)
    assert_refused(read_ferplus, tmp_path / "fer2013new.csv", "has no votes for the Training image '.*'; .* get fer")


@pytest.mark.parametrize("layout", ["icml_face_data.csv", "train.csv"])
def test_votes_join_the_other_tables_by_row(named_faces, layout, tmp_path):
    write_layout(tmp_path, layout, named_faces[0])
    write_votes(tmp_path, *named_faces)
    faces, votes = read_ferplus(tmp_path)
    np.testing.assert_array_equal(faces.pixels, named_faces[0].pixels)
    np.testing.assert_array_equal(votes, named_faces[1])


def test_an_image_that_is_lost_is_named(named_faces, tmp_path):
    numbered(*named_faces, tmp_path)
    (tmp_path / "FER2013Train" / "fer0000007.png").unlink()
    assert_refused(read_ferplus, tmp_path / "fer2013new.csv", "votes for 1 images .* such as Training 'fer0000007.png'")


def test_an_image_without_votes_is_named(named_faces, tmp_path):
    numbered(*named_faces, tmp_path)
    shutil.copy(tmp_path / "FER2013Train" / "fer0000007.png", tmp_path / "FER2013Test" / "fer0000007.png")
    assert_refused(read_ferplus, tmp_path / "fer2013new.csv", "no votes for the PrivateTest image 'fer0000007.png'")


def test_labels_that_say_otherwise_than_the_votes_of_their_names_are_refused(named_faces, tmp_path):
    faces, votes = named_faces
    keep = np.flatnonzero(faces.names != b"")
    faces, votes = take(faces, keep), votes[keep]
    shuffled = np.concatenate([np.roll(faces.names[faces.usage == usage], 3) for usage in range(3)])
    replace(faces, names=shuffled).save(tmp_path / "fer2013.safetensors")
    write_votes(tmp_path, faces, votes)
    assert_refused(read_ferplus, tmp_path / "fer2013new.csv", "the votes agree with the labels of FER-2013 on .* faces")


@pytest.mark.parametrize("seed", range(40))
def test_one_wrong_byte_in_the_votes_is_refused_or_changes_none(forty_faces, seed):
    expected = read_ferplus(forty_faces)[1]
    path = forty_faces / "fer2013new.csv"
    rng = np.random.default_rng(seed)
    content = bytearray(path.read_bytes())
    content[rng.integers(len(content))] = rng.choice([ord("x"), ord("-"), ord(";"), ord(","), 0, 0xff])
    path.write_bytes(content)
    try:
        np.testing.assert_array_equal(read_ferplus(forty_faces)[1], expected)  # a byte of an image's name
    except DataError:
        assert_refused(read_ferplus, path, "(, line |has votes for)")


def test_real_votes_joined_by_name_are_those_joined_by_row_but_for_the_names_that_stand_twice(real_data, tmp_path):
    faces, votes = with_names(real_data)
    last = {key: row for row, key in enumerate(zip(faces.usage.tolist(), faces.names.tolist())) if key[1]}
    rows = np.array(sorted(last.values()))  # what the code of FERPlus leaves: the last image of each name
    assert len(rows) == 35_887 - 173 - 4
    order = np.random.default_rng(0).permutation(rows)
    take(faces, order).save(tmp_path / "fer2013.safetensors")
    (tmp_path / "fer2013new.csv").symlink_to(real_data.resolve() / "fer2013new.csv")
    found, joined = read_ferplus(tmp_path)
    differs = (joined != votes[order]).any(1)
    assert found.names[differs].tolist() == [b"fer0033120.png"] and not joined[differs].any()
    majority = label_distributions(joined, "majority").any(1)
    assert np.bincount(found.usage[majority]).tolist() == [25_060 - 3, 3_199, 3_153 - 1]


def moved(first: int, last: int, by: int):
    """The rows from ``first`` up to ``last``, by their lines, shifted by some places."""
    def damage(lines: list[bytes]) -> bytes:
        part = lines[first - 1:last - 1]
        return b"".join([*lines[:first - 1], *part[by:], *part[:by], *lines[last - 1:]])
    return damage


@pytest.mark.parametrize(("damage", "line", "found", "expected"), [
    pytest.param(moved(2, 4, 1), 2, 1, 0, id="the first two"),
    pytest.param(moved(32, 34, 1), 32, 31, 30, id="the last two"),
    pytest.param(moved(2, 34, 1), 2, 1, 0, id="all of a split"), pytest.param(moved(10, 20, -1), 10, 17, 8, id="some"),
    pytest.param(moved(38, 42, 2), 38, 38, 36, id="of the test"),
    pytest.param(edit(7, b"fer0000005", b"fer0000009"), 7, 9, 5, id="a name of another row"),
    pytest.param(edit(7, b"fer0000005", b"fer0000004"), 7, 4, 5, id="a name twice")])
def test_rows_in_another_order_are_refused_by_the_first_of_them(forty_faces, damage, line, found, expected):
    spoil(forty_faces / "fer2013new.csv", damage)
    assert_refused(read_ferplus, forty_faces / "fer2013new.csv",
                   f"line {line}: the image fer{found:07d}.png is out of order, expected fer{expected:07d}.png")


def test_a_row_without_an_image_in_another_place_is_noticed(tmp_path):
    write_fer2013(tmp_path, faces=120)  # the rows of lines 51 and 101 have none
    spoil(tmp_path / "fer2013new.csv", moved(45, 52, -1))
    assert_refused(read_ferplus, tmp_path / "fer2013new.csv", "line 52: the image fer0000050.png is out of order")


def test_an_image_s_name_of_another_kind_is_refused(forty_faces):
    spoil(forty_faces / "fer2013new.csv", edit(7, b"fer0000005", b"face5"))
    assert_refused(read_ferplus, forty_faces / "fer2013new.csv", "line 7, column Image name: got 'face5.png'")


def test_faces_that_were_left_out_of_both_files_leave_gaps(forty_faces):
    for name in ("fer2013.csv", "fer2013new.csv"):
        spoil(forty_faces / name, lambda lines: b"".join([*lines[:5], *lines[9:]]))
    assert len(read_ferplus(forty_faces)[0]) == 36
    spoil(forty_faces / "fer2013new.csv", moved(10, 12, 1))
    assert_refused(read_ferplus, forty_faces / "fer2013new.csv", "line 11: the image .* is out of order")


@pytest.mark.parametrize("votes", [b"0,0,0,0,0,0,0,0,0,0", b"10,10,0,0,0,0,0,0,0,0", b"4,4,0,0,0,0,0,0,0,0",
                                   b"10,0,0,0,0,0,0,0,0,1"])
def test_votes_that_no_ten_people_gave_are_refused(forty_faces, votes):
    spoil(forty_faces / "fer2013new.csv", edit(7, rb"(,\d+){10}", b"," + votes))
    total = sum(map(int, votes.split(b",")))
    assert_refused(read_ferplus, forty_faces / "fer2013new.csv", f"line 7: got {total} votes in all, expected 10")


def test_nine_votes_are_taken_since_one_official_row_has_no_more(forty_faces):
    spoil(forty_faces / "fer2013new.csv", edit(7, rb"(,\d+){10}", b",9,0,0,0,0,0,0,0,0,0"))
    assert read_ferplus(forty_faces)[1][5].sum() == 9


def test_a_cache_with_votes_that_nobody_gave_is_made_anew(forty_faces):
    expected = read_ferplus(forty_faces)[1]
    cache = forty_faces / "fer2013new.cache.safetensors"
    good = Votes.open(cache)
    with safe_open(cache, "np") as file:
        stamp = file.metadata()
    replace(good, counts=np.full_like(good.counts, 3)).save(cache, stamp)
    np.testing.assert_array_equal(read_ferplus(forty_faces)[1], expected)


@pytest.mark.parametrize("seed", range(4))
def test_real_votes_that_are_permuted_or_shifted_within_a_split_are_refused(real_data, tmp_path, seed):
    (tmp_path / "fer2013.csv").symlink_to(real_data.resolve() / "fer2013.csv")
    (tmp_path / "fer2013.cache.safetensors").symlink_to(real_data.resolve() / "fer2013.cache.safetensors")
    header, *rows = (real_data / "fer2013new.csv").read_text().splitlines()
    rng = np.random.default_rng(seed)
    start, end = sorted(rng.choice(28_709, 2, replace=False))
    part = rows[start:end]
    rows[start:end] = part[1:] + part[:1] if seed % 2 else [part[i] for i in rng.permutation(len(part))]
    (tmp_path / "fer2013new.csv").write_text("\n".join([header, *rows]) + "\n")
    with pytest.raises(DataError, match=r"fer2013new.csv, line (\d+): the image fer\d{7}.png is out of order"):
        read_ferplus(tmp_path)
