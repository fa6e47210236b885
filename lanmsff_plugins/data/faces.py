"""The faces of a data set in one memory-mapped file, so that processes share the pixels.

The file is a plain safetensors file: nothing in it can run code, and any safetensors reader opens it.
"""
import json
import os
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import numpy as np
from safetensors.numpy import save

from ..files import write_atomically

__all__ = ["DataError", "Faces", "cached_faces"]


_ARRAYS = ("pixels", "emotion", "usage")


class DataError(ValueError):
    """A data file is not what it should be; the message names file, place and remedy in one line."""


@dataclass(frozen=True)
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
    path: Path | None = field(default=None, compare=False)

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
            DataError: if the file is not such a file, or was cut short.
        """
        path = Path(path)
        header, start = _read_header(path)
        try:
            arrays = {
                name: np.memmap(path, np.uint8, "r", start + entry["data_offsets"][0], tuple(entry["shape"]))
                for name, entry in ((name, header[name]) for name in _ARRAYS)}
        except (KeyError, ValueError) as error:
            raise DataError(f"{path} does not hold all of its faces ({error}); delete it and try again") from None
        return cls(**arrays, path=path)


def cached_faces(source: Path, parse, version: int) -> Faces:
    """The faces of ``source``: parsed at the first call, mapped from a cache file at later ones.

    The cache lies beside the source, or in the user's cache folder where that is not writable. It is
    made anew when the source's size or its times of change differ.

    Args:
        source: The file to read.
        parse: Called with ``source``; gives the Faces.
        version: The version of ``parse``; a cache of another version is not used.
    """
    stat = source.stat()
    stamp = json.dumps([version, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns])
    cache = _cache_path(source)
    if cache.is_file():
        try:
            if _read_header(cache)[0].get("__metadata__", {}).get("source") == stamp:
                return Faces.open(cache)
        except DataError:
            pass  # a cache is never worth a complaint: it is written anew
    faces = parse(source)
    faces.save(cache, {"source": stamp})
    return Faces.open(cache)


def _cache_path(source: Path) -> Path:
    if os.access(source.parent, os.W_OK):
        return source.with_suffix(".cache.safetensors")
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return home / "lanmsff_plugins" / f"{sha256(str(source.resolve()).encode()).hexdigest()[:16]}.safetensors"


def _read_header(path: Path) -> tuple[dict, int]:
    """The header of a safetensors file, and where its data begin."""
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > os.path.getsize(path):
            raise DataError(f"{path} is not a safetensors file, or was cut short")
        try:
            header = json.loads(file.read(length))
        except ValueError:
            raise DataError(f"{path} is not a safetensors file, or was cut short") from None
    if not isinstance(header, dict):
        raise DataError(f"{path} is not a safetensors file")
    return header, 8 + length
