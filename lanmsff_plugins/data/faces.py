"""The faces of a data set in one memory-mapped file, so that processes share the pixels.

The file is a plain safetensors file: nothing in it can run code, and any safetensors reader opens it.
"""
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from ..files import write_atomically

__all__ = [
    "FER2013_CLASSES", "SIDE", "UNLABELLED", "USAGES", "DataError", "Faces", "cached_faces", "map_arrays", "pack_names",
    "unpack_names",
]

FER2013_CLASSES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")  # the CSV's order
USAGES = ("Training", "PublicTest", "PrivateTest")
SIDE = 48  # pixels
UNLABELLED = 255  # in place of an emotion where a layout has none

_ARRAYS = {"pixels": (SIDE, SIDE), "emotion": (), "usage": ()}  # the shape of each face's part


class DataError(ValueError):
    """A data file is not what it should be; the message names file, place and remedy in one line."""


@dataclass(frozen=True, eq=False)  # arrays have no one truth to compare by
class Faces:
    """Grey faces with the labels of FER-2013.

    Attributes:
        pixels: (N, 48, 48) uint8.
        emotion: (N,) uint8, an index into ``FER2013_CLASSES``, or ``UNLABELLED``.
        usage: (N,) uint8, an index into ``USAGES``.
        path: The file that the arrays are mapped from, if there is one. Pickling then carries the path
            and not the pixels.
        names: (N,) bytes, the images' file names, where the faces come from images. None means that the
            faces stand in the order of ``fer2013.csv``, so that a row's number says which face it is.
    """

    pixels: np.ndarray
    emotion: np.ndarray
    usage: np.ndarray
    path: Path | None = None
    names: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.pixels)

    def __reduce__(self):
        if self.path is not None:
            return Faces.open, (self.path,)
        return Faces, (self.pixels, self.emotion, self.usage, None, self.names)

    def save(self, path: str | Path, metadata: dict[str, str] | None = None) -> None:
        """Write the faces to ``path``, whole or not at all."""
        arrays = {name: np.ascontiguousarray(getattr(self, name)) for name in _ARRAYS}
        if self.names is not None:
            arrays["names"] = pack_names(self.names)
        write_atomically(path, save(arrays, metadata))

    @classmethod
    def open(cls, path: str | Path) -> "Faces":
        """Map the faces that :meth:`save` wrote.

        Raises:
            FileNotFoundError: if there is no such file.
            DataError: if the file is not such a file, or was cut short.
        """
        path = Path(path)
        arrays = map_arrays(path)
        rows = len(arrays.get("emotion", ()))
        shapes = {name: (rows, *shape) for name, shape in _ARRAYS.items()}
        if "names" in arrays:
            shapes["names"] = (rows, *arrays["names"].shape[1:2])
        if not rows or {name: array.shape for name, array in arrays.items()} != shapes:
            raise DataError(f"{path} does not hold faces as this library writes them; delete it and try again")
        names = unpack_names(arrays.pop("names")) if "names" in arrays else None
        return cls(**arrays, path=path, names=names)


def pack_names(names: np.ndarray) -> np.ndarray:
    """Names (N,) as bytes (N, W) filled up with zeros: safetensors knows no text."""
    return np.ascontiguousarray(names).view(np.uint8).reshape(len(names), -1)


def unpack_names(packed: np.ndarray) -> np.ndarray:
    """What :func:`pack_names` packed."""
    return np.array(packed).view(f"S{packed.shape[1]}").reshape(-1)


def map_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a safetensors file of bytes, mapped into memory.

    Raises:
        FileNotFoundError: if there is no such file.
        DataError: if it is no such file, was cut short, or holds other types or empty arrays.
    """
    header, start = _read_header(path)
    header.pop("__metadata__", None)
    arrays = {}
    for name, entry in header.items():
        if entry["dtype"] != "U8" or 0 in entry["shape"] or not entry["shape"]:
            raise DataError(f"{path} does not hold faces as this library writes them; delete it and try again")
        arrays[name] = np.memmap(path, np.uint8, "r", start + entry["data_offsets"][0], tuple(entry["shape"]))
    return arrays


def cached_faces(cache: Path, sources: Sequence[str | Path], parse: Callable[[], Faces], version: int) -> Faces:
    """The faces of some files: parsed at the first call, mapped from a cache file at later ones.

    The cache is made anew when one of the files comes, goes, or differs in size or its times of change. The
    faces stay in memory where no cache can be written.

    Args:
        cache: Where the cache lies; in the user's cache folder instead, where that folder is not writable.
        sources: The files that are read.
        parse: Gives their faces.
        version: The version of ``parse``; a cache of another version is not used.
    """
    cache = _writable(cache)
    stamp = json.dumps([version, *_stamp(sources)])
    try:
        if _read_header(cache)[0].get("__metadata__", {}).get("source") == stamp:
            return Faces.open(cache)
    except (DataError, OSError):
        pass  # a cache is never worth a complaint: it is written anew
    faces = parse()
    try:
        faces.save(cache, {"source": stamp})
        return Faces.open(cache)
    except OSError:
        return faces


def _stamp(sources: Sequence[str | Path]) -> list:
    """What changes when one of the files does."""
    stats = [(os.stat(path), path) for path in sources]
    if len(stats) == 1:
        stat, _ = stats[0]
        return [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns]
    told = [[str(path), stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns] for stat, path in stats]
    return [sha256(json.dumps(told).encode()).hexdigest()]


def _writable(cache: Path) -> Path:
    if os.access(cache.parent, os.W_OK):
        return cache
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return home / "lanmsff_plugins" / f"{sha256(str(cache.resolve()).encode()).hexdigest()[:16]}.safetensors"


def _read_header(path: Path) -> tuple[dict, int]:
    """The header of a safetensors file, and where its data begin."""
    try:
        with safe_open(path, "np"):
            pass  # the format's own reader has checked the header, and that the file holds all it lists
    except SafetensorError as error:
        raise DataError(f"{path} is not a safetensors file, or was cut short ({error}); delete it and try again"
                        ) from None
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        return json.loads(file.read(length)), 8 + length
