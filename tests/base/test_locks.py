"""One process at a time holds a folder, and none does after its death."""
import multiprocessing
import os
import signal
import time

import pytest

from lanmsff_plugins.base.locks import FolderInUseError, folder_lock

SPAWN = multiprocessing.get_context("spawn")  # the process of the tests has threads of many libraries by now
FORK = multiprocessing.get_context("fork")


def hold(folder, pipe):
    with folder_lock(folder, "a training"):
        FORK.Process(target=time.sleep, args=(5,)).start()  # as a worker that loads data outlives a kill
        pipe.send("held")
        pipe.recv()


@pytest.fixture
def holder(tmp_path):
    """A process that holds a folder."""
    ours, theirs = SPAWN.Pipe()
    process = SPAWN.Process(target=hold, args=(tmp_path / "work", theirs))
    process.start()
    assert ours.recv() == "held"
    yield process
    process.kill()
    process.join()


def test_a_second_holder_is_refused(holder, tmp_path):
    with pytest.raises(FolderInUseError, match=f"a training is running in {tmp_path / 'work'}; name another folder"):
        with folder_lock(tmp_path / "work", "a training"):
            pass
    with folder_lock(tmp_path / "other"):
        pass


def test_a_kill_lets_go_at_once_though_its_workers_live(holder, tmp_path):
    os.kill(holder.pid, signal.SIGKILL)
    holder.join()
    with folder_lock(tmp_path / "work"):
        assert list((tmp_path / "work").iterdir())
    assert not (tmp_path / "work").exists() or not list((tmp_path / "work").iterdir())


def test_nothing_stays_behind(tmp_path):
    with folder_lock(tmp_path / "a" / "b"):
        assert (tmp_path / "a" / "b").is_dir()
    assert not (tmp_path / "a" / "b").exists()
    (tmp_path / "c").mkdir()
    with pytest.raises(KeyError):
        with folder_lock(tmp_path / "c"):
            raise KeyError
    assert (tmp_path / "c").is_dir() and not list((tmp_path / "c").iterdir())
