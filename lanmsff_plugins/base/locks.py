"""A folder that one process at a time works in.

    with folder_lock(work_dir, "a training"):
        ...
"""
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

__all__ = ["FolderInUseError", "folder_lock"]

_NAME = "in_use.lock"


class FolderInUseError(OSError):
    """Another process works in this folder."""


@contextmanager
def folder_lock(folder: str | Path, what: str = "a process") -> Iterator[None]:
    """Hold a folder, which is made if need be. However the process ends, the operating system lets go of it.

    Where the file system knows no locks, nothing is held and nothing refused.

    Args:
        folder: The folder. While it is held there is a file ``in_use.lock`` in it; one that a kill left is taken over.
        what: What holds it, for the message.

    Raises:
        FolderInUseError: if another process holds it.
    """
    folder = Path(folder)
    made = not folder.is_dir()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / _NAME
    handle = _hold(path, what)
    try:
        yield
    finally:
        if os.name == "nt":  # open files cannot be removed there
            os.close(handle)
        with suppress(OSError):
            path.unlink(missing_ok=True)
        if os.name != "nt":
            os.close(handle)
        if made:
            with suppress(OSError):  # something was written
                folder.rmdir()


def _hold(path: Path, what: str) -> int:
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            _lock(handle)
        except (BlockingIOError, PermissionError):
            os.close(handle)
            raise FolderInUseError(f"{what} is running in {path.parent}; name another folder, or wait for its end"
                                   ) from None
        except OSError:  # no locks here, as on some network file systems
            return handle
        with suppress(FileNotFoundError):
            if os.name == "nt" or os.path.samestat(os.fstat(handle), os.stat(path)):
                return handle
        os.close(handle)  # whoever held it has removed the file meanwhile


def _lock(handle: int) -> None:
    if fcntl is not None:
        # Of this process alone: flock would be held on by the workers that load data, for seconds after a kill.
        fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    else:
        import msvcrt  # of Windows alone

        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
