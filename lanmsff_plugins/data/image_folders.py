"""Pictures of a user's own, sorted into folders: one for each class, and around these one for each split or none.

    selected = select_folders("flowers", "val", side=128, colour=True)

All pictures are decoded once, squashed to one size, and kept in one memory-mapped file.
"""
import random
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image
from safetensors.numpy import save

from ..base.errors import DataError
from ..base.files import write_atomically
from ..base.progress import progress
from ..pictures import read_picture
from .cache import cached, map_arrays
from .folders import expand, list_folder, walk
from .splits import Selection

__all__ = ["ImageFolders", "find_images", "select_folders"]

VAL_SHARE = 0.2  # of the pictures of a class, where the folders tell no splits
_SPLITS = {"train": ("train", "training"), "val": ("val", "valid", "validation", "test", "testing")}


@dataclass(frozen=True)
class ImageFolders:
    """The pictures in a folder.

    Attributes:
        root: The folder.
        classes: The names of the classes, by the alphabet.
        paths: The files.
        labels: (N,) int, the class of each.
        val: (N,) bool, whether each is in the val split.
        left_out: Files that are no pictures by their names.
    """

    root: Path
    classes: tuple[str, ...]
    paths: tuple[Path, ...]
    labels: np.ndarray
    val: np.ndarray
    left_out: tuple[Path, ...] = ()


def find_images(data_root: str | Path) -> ImageFolders:
    """Find the pictures below ``ROOT/CLASS``, or below ``ROOT/train/CLASS`` and ``ROOT/val/CLASS``.

    In place of ``val`` the folder may be called ``valid``, ``validation`` or ``test``; the first of these counts. Where
    there are no splits, a fifth of the pictures of each class is dealt into val, always the same ones.

    Raises:
        FileNotFoundError: if there is no such folder.
        DataError: if it does not hold pictures in folders as above, if the splits have other classes, or if a class
            has too few pictures.
    """
    root = expand(data_root)
    if not root.is_dir():
        raise FileNotFoundError(f"no folder of pictures at {root}")
    folders = {folder.name.lower(): folder for folder in list_folder(root)[0]}
    found = {split: next((folders[name] for name in names if name in folders), None)
             for split, names in _SPLITS.items()}
    if found["train"] is None or found["val"] is None:
        if found["train"] is not None:
            raise DataError(f"{root} has {found['train'].name} and no val; add val, or give the folder that holds the "
                            "classes")
        classes, left_out = _classes_in(root)
        paths = [path for name in classes for path in classes[name]]
        val = np.concatenate([_deal(name, len(classes[name]), root) for name in classes])
    else:
        classes, left_out = _classes_in(found["train"])
        others, more = _classes_in(found["val"])
        if classes.keys() != others.keys():
            raise DataError(f"{found['train']} and {found['val']} have other classes: "
                            f"{', '.join(sorted(classes.keys() ^ others.keys()))} in one of them only")
        left_out = [*left_out, *more]
        paths = [path for name in classes for path in (*classes[name], *others[name])]
        val = np.concatenate([np.repeat([False, True], [len(classes[name]), len(others[name])]) for name in classes])
        classes = {name: [*classes[name], *others[name]] for name in classes}
    labels = np.repeat(np.arange(len(classes)), [len(files) for files in classes.values()])
    return ImageFolders(root, tuple(classes), tuple(paths), labels, val, tuple(left_out))


def _classes_in(root: Path) -> tuple[Mapping[str, list[Path]], list[Path]]:
    """The pictures of each class, and the files that are none."""
    kinds = {suffix for suffix, name in Image.registered_extensions().items() if name in Image.OPEN} - {".eps", ".ps"}
    folders, loose = list_folder(root)
    if len(folders) < 2:
        raise DataError(f"{root} holds {'one folder' if folders else 'no folders'}; expected one for each of two or "
                        "more classes, with its pictures in it")
    classes, left_out = {}, [Path(entry.path) for entry in loose]
    for folder in folders:
        files = sorted(Path(entry.path) for entries in walk(folder) for entry in entries)
        classes[folder.name] = [path for path in files if path.suffix.lower() in kinds]
        left_out += [path for path in files if path.suffix.lower() not in kinds]
        if not classes[folder.name]:
            raise DataError(f"{folder} holds no pictures; expected some of the class {folder.name!r}")
    return classes, left_out


def _deal(name: str, pictures: int, root: Path) -> np.ndarray:
    """(N,) bool: which pictures of a class are in val."""
    if pictures < 2:
        raise DataError(f"{root / name} holds one picture; expected two or more, for training and validation")
    val = np.zeros(pictures, bool)
    val[random.Random(f"val {name}").sample(range(pictures), max(1, round(pictures * VAL_SHARE)))] = True
    return val


def select_folders(data_root: str | Path, split: str, side: int = 128, colour: bool = True,
                   cache: str | Path | None = None) -> Selection:
    """The pictures of a split.

    Args:
        data_root: As for :func:`find_images`.
        split: 'train', 'val' or 'train+val'; 'test' is val.
        side: Pixels to which the pictures are squashed.
        colour: Whether they are (side, side, 3), or (side, side) in grey.
        cache: A folder for the file of the decoded pictures; by default they are decoded at each call.

    Raises:
        FileNotFoundError, DataError: as for :func:`find_images`, and if a picture cannot be decoded.
    """
    found = find_images(data_root)
    decode = partial(_decode, found, side, colour)
    pixels = decode() if cache is None else cached(
        Path(cache, f"pictures_{side}{'' if colour else '_grey'}.safetensors"), found.paths, decode, version=1,
        load=_load, save=_save)
    rows = np.flatnonzero({"train": ~found.val, "train+val": np.ones_like(found.val)}.get(split, found.val))
    names = np.array([path.relative_to(found.root).as_posix() for path in found.paths])
    return Selection(_Rows(pixels, rows), rows, found.labels[rows], names[rows])


@dataclass(frozen=True)
class _Rows:
    """Some of the pictures, copied when they are asked for: a mapped file cannot be written."""

    pixels: np.ndarray
    rows: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> np.ndarray:
        return np.array(self.pixels[self.rows[index]])


def _decode(found: ImageFolders, side: int, colour: bool) -> np.ndarray:
    pixels = np.empty((len(found.paths), side, side, *([3] if colour else [])), np.uint8)
    for i, path in enumerate(progress(found.paths, f"reading {found.root}", len(found.paths))):
        picture = Image.fromarray(read_picture(path, colour))
        pixels[i] = np.asarray(picture.resize((side, side), Image.Resampling.BILINEAR))
    return pixels


def _load(path: Path) -> np.ndarray:
    return map_arrays(path)["pixels"]


def _save(pixels: np.ndarray, path: Path, metadata: dict[str, str]) -> None:
    write_atomically(path, save({"pixels": pixels}, metadata))
