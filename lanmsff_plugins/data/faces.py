"""The faces of a data set in one memory-mapped file, so that processes share the pixels.

The file is a plain safetensors file: nothing in it can run code, and any safetensors reader opens it.
"""
import json
import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from ..files import write_atomically

__all__ = ["DataError", "Faces", "cached_faces"]


_ARRAYS = {"pixels": (48, 48), "emotion": (), "usage": ()}  # the shape of each face's part


class DataError(ValueError):
    """A data file is not what it should be; the message names file, place and remedy in one line."""


@dataclass(frozen=True, eq=False)  # arrays have no one truth to compare by
class Faces:
    """Grey faces with the labels of FER-2013.

    Attributes:
        pixels: (N, 48, 48) uint8.
        emotion: (N,) uint8, an index into ``FER2013_CLASSES``.
        usage: (N,) uint8, an index into ``USAGES``.
        path: The file that the arrays are mapped from, if there is one. Pickling then carries the path
            and not the pixels.
    """

    pixels: np.ndarray
    emotion: np.ndarray
    usage: np.ndarray
    path: Path | None = None

    def __len__(self) -> int:
        return len(self.pixels)

    def __reduce__(self):
        if self.path is not None:
            return Faces.open, (self.path,)
        return Faces, (self.pixels, self.emotion, self.usage)

    def save(self, path: str | Path, metadata: dict[str, str] | None = None) -> None:
        """Write the faces to ``path``, whole or not at all."""
        arrays = {name: np.ascontiguousarray(getattr(self, name)) for name in _ARRAYS}
        write_atomically(path, save(arrays, metadata))

    @classmethod
    def open(cls, path: str | Path) -> "Faces":
        """Map the faces that :meth:`save` wrote.

        Raises:
            FileNotFoundError: if there is no such file.
            DataError: if the file is not such a file, or was cut short.
        """
        path = Path(path)
        header, start = _read_header(path)
        rows, *_ = header.get("emotion", {}).get("shape") or [0]
        arrays = {}
        for name, shape in _ARRAYS.items():
            entry = header.get(name, {})
            if not rows or entry.get("dtype") != "U8" or entry["shape"] != [rows, *shape]:
                raise DataError(f"{path} does not hold faces as this library writes them; delete it and try again")
            arrays[name] = np.memmap(path, np.uint8, "r", start + entry["data_offsets"][0], (rows, *shape))
        return cls(**arrays, path=path)


def cached_faces(source: Path, parse, version: int) -> Faces:
    """The faces of ``source``: parsed at the first call, mapped from a cache file at later ones.

    The cache lies beside the source, or in the user's cache folder where that is not writable; the faces
    stay in memory where neither is. It is made anew when the source's size or its times of change differ.

    Args:
        source: The file to read.
        parse: Called with ``source``; gives the Faces.
        version: The version of ``parse``; a cache of another version is not used.
    """
    stat = source.stat()
    stamp = json.dumps([version, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns])
    cache = _cache_path(source)
    try:
        if _read_header(cache)[0].get("__metadata__", {}).get("source") == stamp:
            return Faces.open(cache)
    except (DataError, OSError):
        pass  # a cache is never worth a complaint: it is written anew
    faces = parse(source)
    try:
        faces.save(cache, {"source": stamp})
        return Faces.open(cache)
    except OSError:
        return faces


def _cache_path(source: Path) -> Path:
    if os.access(source.parent, os.W_OK):
        return source.with_suffix(".cache.safetensors")
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return home / "lanmsff_plugins" / f"{sha256(str(source.resolve()).encode()).hexdigest()[:16]}.safetensors"


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
