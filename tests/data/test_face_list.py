"""Lists of faces by row or by FERPlus' image names, in every form that is met."""
import numpy as np
import pytest

from lanmsff_plugins.base.errors import DataError
from lanmsff_plugins.data.face_list import FaceList
from lanmsff_plugins.data.fer2013.selection import select_ferplus

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
