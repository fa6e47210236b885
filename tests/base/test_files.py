"""Files that are there whole or not at all."""
import fcntl
import multiprocessing
import os
import resource
import signal
import stat
from threading import Thread

import pytest

from lanmsff_plugins.base.files import remove_half_written, write_atomically


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


@pytest.mark.parametrize("content", [b"the old content", None], ids=["to a file", "to nothing yet"])
def test_a_symbolic_link_stays_and_what_it_names_is_written(tmp_path, content):
    (tmp_path / "elsewhere").mkdir()
    if content is not None:
        (tmp_path / "elsewhere" / "file").write_bytes(content)
    (tmp_path / "link").symlink_to("elsewhere/file")
    write_atomically(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "elsewhere" / "file").read_bytes() == b"new"
    assert names(tmp_path) == ["elsewhere", "link"] and names(tmp_path / "elsewhere") == ["file"]


def test_an_old_file_is_replaced_and_who_has_it_open_still_reads_the_old(tmp_path):
    (tmp_path / "file").write_bytes(b"the old content")
    with open(tmp_path / "file", "rb") as old:
        write_atomically(tmp_path / "file", b"new")
        assert old.read() == b"the old content"
    assert (tmp_path / "file").read_bytes() == b"new"


def test_others_may_read_the_file(tmp_path):
    write_atomically(tmp_path / "file", b"new")
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o644


def test_a_file_is_as_private_as_the_umask_says(tmp_path):
    before = os.umask(0o077)
    try:
        write_atomically(tmp_path / "file", b"new")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o600


@pytest.mark.parametrize("before", [None, b"the old content"])
def test_a_full_disk_leaves_what_was_there(tmp_path, full_disk, before):
    if before is not None:
        (tmp_path / "file").write_bytes(before)
    with pytest.raises(OSError, match=f"'{tmp_path}/file'$"):
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


def killed(folder, name: str) -> None:
    """A process that is killed before it renames what it has written."""
    def die():
        os.replace = lambda source, destination: os.kill(os.getpid(), signal.SIGKILL)
        write_atomically(folder / name, b"half")

    process = multiprocessing.get_context("fork").Process(target=die)
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL


def in_another_process(function, *args) -> None:
    process = multiprocessing.get_context("fork").Process(target=function, args=args)
    process.start()
    process.join()
    assert process.exitcode == 0


def test_what_a_kill_leaves_goes_when_the_file_is_written_again(tmp_path):
    write_atomically(tmp_path / "file", b"old")
    for _ in range(2):
        killed(tmp_path, "file")
    assert len(names(tmp_path)) == 2  # the second removed what the first had left
    in_another_process(write_atomically, tmp_path / "file", b"new")
    assert names(tmp_path) == ["file"] and (tmp_path / "file").read_bytes() == b"new"


def test_hidden_files_of_others_stay(tmp_path):
    others = [".file", ".file.swp", ".file.LONGNAME", ".file.k2j3h4g5.bak", ".other.k2j3h4g5", "file.k2j3h4g5"]
    for name in others:
        (tmp_path / name).write_bytes(b"")
    write_atomically(tmp_path / "file", b"new")
    remove_half_written(tmp_path, "file")
    assert names(tmp_path) == sorted([*others, "file"])


def test_a_pattern_removes_what_was_left_of_several_files_and_nothing_of_others(tmp_path):
    for name in ("a.pth", "b.pth", "c.txt"):
        killed(tmp_path, name)
    remove_half_written(tmp_path, "*.pth")
    left, = names(tmp_path)
    assert left.startswith(".c.txt.")


def test_what_another_process_is_writing_stays(tmp_path):
    writing, go_on = (multiprocessing.get_context("fork").Event() for _ in range(2))

    def write_slowly():
        flock = fcntl.flock

        def wait(file, operation):  # locked, not yet written and renamed
            flock(file, operation)
            writing.set()
            go_on.wait(30)

        fcntl.flock = wait
        write_atomically(tmp_path / "file", b"of the slow one")

    process = multiprocessing.get_context("fork").Process(target=write_slowly)
    process.start()
    assert writing.wait(30)
    remove_half_written(tmp_path, "file")
    assert len(names(tmp_path)) == 1
    go_on.set()
    process.join()
    assert process.exitcode == 0 and (tmp_path / "file").read_bytes() == b"of the slow one"
