"""Lists of faces by row or by FERPlus' image names, in every form that is met."""
import numpy as np
import pytest

from lanmsff_plugins.base.errors import DataError
from lanmsff_plugins.data.face_list import FaceList, write_face_list
from lanmsff_plugins.data.fer2013.reader import read_fer2013
from lanmsff_plugins.data.fer2013.selection import select_fer2013, select_ferplus
from lanmsff_plugins.data.fer2013.writers import write_layout

from .damage import assert_refused

ROWS = np.array([3, 4, 5, 6])
NAMES = np.array(["fer0000003.png", "", "fer0000005.png", "fer0000005.png"])


def mask(tmp_path, text: str) -> list[bool]:
    (tmp_path / "list.txt").write_text(text)
    return FaceList.read(tmp_path / "list.txt").mask(ROWS, NAMES).tolist()


@pytest.mark.parametrize(("text", "expected"), [
    ("3\n6\n", [True, False, False, True]),
    ("# copies\n4  # of row 17\n\n", [False, True, False, False]),
    ("0/fer0000003.jpg\n", [True, False, False, False]),
    ("12_fer0000003.png 8 0\n", [True, False, False, False]),
    ("fer0000005\n", [False, False, True, True]),  # a name that stands twice
    ("fer0000003.png\n5\n9999\nfer0009999.png\n", [True, False, True, False]),  # of other splits
])
def test_rows_and_names_are_found(tmp_path, text, expected):
    assert mask(tmp_path, text) == expected


@pytest.mark.parametrize(("text", "complaint"), [
    ("3\nface 4\n", "line 2: got 'face 4'"),
    ("-1\n", "line 1: got '-1'"),
    ("1.5\n", "line 1: got '1.5'"),
    ("fer12.png\n", "line 1: got 'fer12.png'"),
    ("", "lists no face"),
    ("# nothing\n", "lists no face"),
    ("77\n", "lists none of these 4 faces"),
])
def test_a_bad_list_is_named(tmp_path, text, complaint):
    with pytest.raises(DataError, match="list.txt.*" + complaint.replace("(", "\\(")):
        mask(tmp_path, text)


def test_a_missing_list_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="no list of faces at .*nowhere.txt"):
        FaceList.read(tmp_path / "nowhere.txt")


@pytest.mark.parametrize(("name", "listed"), [
    ("pose_30_ferplus_list.txt", 1167), ("pose_45_ferplus_list.txt", 630), ("jianfei_occlusion_list.txt", 600)])
def test_rans_lists_name_faces_of_the_test_split(real_data, name, listed):
    path = real_data / "ran" / name
    if not path.is_file():
        pytest.skip(f"no {path.name} beside the real data")
    selected = select_ferplus(real_data, "test")
    assert FaceList.read(path).mask(selected.rows, selected.names).sum() == listed


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
