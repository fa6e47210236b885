"""Folders as users name them and as disks have them: ``~``, symbolic links, links in a circle.

    for files in walk(expand("~/data/kdef")):
"""
import os
from collections.abc import Iterator
from pathlib import Path

from ..base.errors import DataError

__all__ = ["check_link", "expand", "is_circle", "list_folder", "walk"]


def expand(data_root: str | Path) -> Path:
    """The folder of a data set, with the user's home for ``~``.

    Raises:
        ValueError: if no folder is named.
    """
    if data_root is None or str(data_root) == "":
        raise ValueError("data_root is not set; set it to the folder of the data set, such as data/fer2013")
    return Path(data_root).expanduser()


def check_link(path: Path) -> None:
    """Raise a DataError if ``path`` is a link to nothing: what it stood for would be left out without a word."""
    if path.is_symlink() and not path.exists():
        raise DataError(f"{path} is a link to {os.readlink(path)}, which cannot be found; mend the link or remove it")


def is_circle(path: Path) -> bool:
    """Whether ``path`` is a link to a folder that it lies in itself, so that following it would have no end."""
    return path.is_symlink() and path.parent.resolve().is_relative_to(path.resolve())


def list_folder(folder: Path, hidden: bool = False) -> tuple[list[Path], list[os.DirEntry]]:
    """The folders and the files in a folder, sorted by name. Links count as what they point to.

    Args:
        folder: Which one.
        hidden: Whether hidden ones, whose names begin with a dot, are among them.

    Raises:
        DataError: if a link points to nothing.
        OSError: if the folder cannot be read.
    """
    with os.scandir(folder) as entries:
        visible = sorted((entry for entry in entries if hidden or not entry.name.startswith(".")),
                         key=lambda entry: entry.name)
    for entry in visible:
        if entry.is_symlink():
            check_link(Path(entry.path))
    return [Path(entry.path) for entry in visible if entry.is_dir()], [
        entry for entry in visible if not entry.is_dir()]


def walk(root: Path, hidden: bool = False) -> Iterator[list[os.DirEntry]]:
    """The files of ``root`` and of each folder below it. Links are followed, as torchvision and timm follow them.

    A folder that can be reached in several ways is visited once, in its own place if that is below ``root``.

    Args:
        root: Where to begin.
        hidden: As for :func:`list_folder`.

    Raises:
        DataError: if a link points to nothing.
        OSError: if a folder cannot be read.
    """
    folders, links = [root], list[Path]()
    visited = set()
    while folders or links:
        folder = folders.pop() if folders else links.pop()
        real = folder.resolve()
        if real not in visited:
            visited.add(real)
            inside, files = list_folder(folder, hidden)
            yield files
            links += [path for path in inside if path.is_symlink()]
            folders += [path for path in inside if not path.is_symlink()]
