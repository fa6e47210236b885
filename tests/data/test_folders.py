"""Folders are found as users name them, and links lead where they point, once and not in circles."""
import os
from pathlib import Path

import pytest

from lanmsff_plugins.base.errors import DataError
from lanmsff_plugins.data.folders import check_link, expand, is_circle, list_folder, walk


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    return path


def names(root: Path) -> list[str]:
    return sorted(file.name for files in walk(root) for file in files)


def test_the_home_of_the_user_is_found(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert expand("~/data") == tmp_path / "data" and expand(tmp_path) == tmp_path


@pytest.mark.parametrize("nothing", ["", None])
def test_a_folder_that_is_not_set_is_said_to_be_so(nothing):
    with pytest.raises(ValueError, match="data_root is not set; set it to the folder of the data set"):
        expand(nothing)


def test_links_are_followed_and_hidden_files_left_out(tmp_path):
    touch(tmp_path / "root" / "a" / "1")
    touch(tmp_path / "root" / ".hidden")
    touch(tmp_path / "elsewhere" / "2")
    touch(tmp_path / "3")
    (tmp_path / "root" / "b").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "root" / "a" / "3").symlink_to(tmp_path / "3")
    assert names(tmp_path / "root") == ["1", "2", "3"]


def test_circles_end_and_a_folder_with_two_ways_is_visited_once_in_its_own_place(tmp_path):
    for name in "zyx":
        touch(tmp_path / name / name)
    for name, other in ("zy", "yx", "xz"):
        (tmp_path / name / "a").symlink_to(tmp_path / other)
    (tmp_path / "a").symlink_to(tmp_path / "z")
    (tmp_path / "z" / "up").symlink_to(tmp_path)
    assert names(tmp_path) == ["x", "y", "z"]
    assert {Path(file.path) for files in walk(tmp_path) for file in files} == {tmp_path / name / name for name in "zyx"}
    assert is_circle(tmp_path / "z" / "up") and not is_circle(tmp_path / "a") and not is_circle(tmp_path / "z")


@pytest.mark.parametrize("call", [lambda root: check_link(root / "gone"), list_folder, names])
def test_a_link_to_nothing_is_named(tmp_path, call):
    (tmp_path / "gone").symlink_to("nowhere")
    with pytest.raises(DataError, match=f"^{tmp_path}/gone is a link to nowhere, which cannot be found; mend"):
        call(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")
def test_a_folder_that_may_not_be_read_is_named_and_not_left_out(tmp_path):
    touch(tmp_path / "closed" / "1")
    (tmp_path / "closed").chmod(0)
    with pytest.raises(PermissionError, match="closed"):
        names(tmp_path)
