"""Files that are there whole or not at all.

    write_atomically("work_dirs/run/test.npz", content)
"""
import os
import re
import secrets
from contextlib import suppress
from fnmatch import fnmatch
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows, which refuses by itself to remove a file that is being written
    fcntl = None  # type: ignore[assignment]

__all__ = ["remove_half_written", "write_atomically"]

_HALF_WRITTEN = re.compile(r"\.(.+)\.[a-z0-9_]{8}")  # what _write makes of a name
_ATTEMPTS = 3
_left: dict[tuple[int, Path], dict[str, list[Path]]] = {}  # half-written files by name, by process and folder


def write_atomically(path: str | Path, content: bytes) -> None:
    """Write ``content`` beside ``path`` and rename it, so that no half-written file has the final name.

    What a killed process has left of the same file is removed. A symbolic link stays, and the file it names is written.

    Raises:
        OSError: if the file cannot be written, on a full disk for instance; the error names ``path``.
    """
    path = Path(path)
    if path.is_symlink():
        path = Path(os.path.realpath(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = os.getpid(), path.parent
    if folder not in _left:  # listed once: some commands write thousands of files into one folder
        _left[folder] = _half_written(path.parent)
    for left in _left[folder].pop(path.name, ()):
        _remove_abandoned(left)
    try:
        if not any(_write(path, content) for _ in range(_ATTEMPTS)):
            raise FileNotFoundError(2, "the temporary file beside it was removed while it was written")
    except OSError as error:  # Python names no file on a full disk, and the temporary one elsewhere
        raise OSError(error.errno, error.strerror or str(error), str(path)) from None


def remove_half_written(folder: str | Path, name: str = "*") -> None:
    """Remove what :func:`write_atomically` left in a folder when it was killed; what is being written stays.

    Args:
        folder: Where the files are.
        name: What they would have been named, or a pattern of it, such as ``*.pth``.
    """
    for known, paths in _half_written(Path(folder)).items():
        if fnmatch(known, name):
            for path in paths:
                _remove_abandoned(path)


def _write(path: Path, content: bytes) -> bool:
    """Whether it was written: not if another process took the temporary file for abandoned while it was not locked."""
    temporary = path.parent / f".{path.name}.{secrets.token_hex(4)}"
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    handle = os.open(temporary, flags, 0o666)  # less what the umask takes
    try:
        with os.fdopen(handle, "wb") as file:
            if fcntl is not None:
                with suppress(OSError):  # not every network file system has locks
                    fcntl.flock(file, fcntl.LOCK_EX)
            file.write(content)
        os.replace(temporary, path)
        return True
    except FileNotFoundError:
        return False
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def _half_written(folder: Path) -> dict[str, list[Path]]:
    """The temporary files in a folder, by the names that they were to get."""
    found: dict[str, list[Path]] = {}
    with suppress(OSError):
        for name in os.listdir(folder):
            match = _HALF_WRITTEN.fullmatch(name)
            if match is not None:
                found.setdefault(match[1], []).append(folder / name)
    return found


def _remove_abandoned(path: Path) -> None:
    """Remove a temporary file, unless its writer is alive and holds its lock."""
    with suppress(OSError), open(path, "rb") as file:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()
    if fcntl is None:
        with suppress(OSError):
            path.unlink()
