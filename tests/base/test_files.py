"""Files that are there whole or not at all."""
import os
import resource
import stat
from threading import Thread

import pytest

from lanmsff_plugins.base.files import write_atomically


@pytest.fixture
def full_disk():
    """No file may grow over 100 kB: writing more fails in the middle, as on a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def names(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("content", [b"", b"a\r\nb\0\xff", os.urandom(3_000_000)], ids=["nothing", "bytes", "3 MB"])
def test_the_file_has_the_whole_content_and_nothing_else_is_left(tmp_path, content):
    write_atomically(tmp_path / "file", content)
    assert (tmp_path / "file").read_bytes() == content
    assert names(tmp_path) == ["file"]


def test_missing_folders_are_made_and_a_path_may_be_a_string(tmp_path):
    write_atomically(str(tmp_path / "a" / "b" / "file"), b"new")
    assert (tmp_path / "a" / "b" / "file").read_bytes() == b"new"


def test_an_old_file_is_replaced_and_who_has_it_open_still_reads_the_old(tmp_path):
    (tmp_path / "file").write_bytes(b"the old content")
    with open(tmp_path / "file", "rb") as old:
        write_atomically(tmp_path / "file", b"new")
        assert old.read() == b"the old content"
    assert (tmp_path / "file").read_bytes() == b"new"


def test_others_may_read_the_file(tmp_path):
    write_atomically(tmp_path / "file", b"new")
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o644


@pytest.mark.parametrize("before", [None, b"the old content"])
def test_a_full_disk_leaves_what_was_there(tmp_path, full_disk, before):
    if before is not None:
        (tmp_path / "file").write_bytes(before)
    with pytest.raises(OSError):
        write_atomically(tmp_path / "file", bytes(200_000))
    assert names(tmp_path) == ([] if before is None else ["file"])
    assert before is None or (tmp_path / "file").read_bytes() == before


def test_content_that_is_no_bytes_leaves_what_was_there(tmp_path):
    (tmp_path / "file").write_bytes(b"the old content")
    with pytest.raises(TypeError):
        write_atomically(tmp_path / "file", "text")
    assert names(tmp_path) == ["file"]
    assert (tmp_path / "file").read_bytes() == b"the old content"


def test_a_folder_in_the_file_s_place_is_left_alone(tmp_path):
    (tmp_path / "file" / "inner").mkdir(parents=True)
    with pytest.raises(OSError):
        write_atomically(tmp_path / "file", b"new")
    assert names(tmp_path) == ["file"] and names(tmp_path / "file") == ["inner"]


def test_a_reader_never_sees_half_a_file_while_many_write(tmp_path):
    contents = [bytes([i]) * 200_000 for i in range(4)]
    path = tmp_path / "file"
    write_atomically(path, contents[0])
    writers = [Thread(target=lambda content=content: [write_atomically(path, content) for _ in range(20)])
               for content in contents]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        assert path.read_bytes() in contents
    assert path.read_bytes() in contents
    assert names(tmp_path) == ["file"]
