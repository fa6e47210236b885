"""Arrays of bytes in one memory-mapped safetensors file, so that processes share them and reading takes no time.

    faces = cached(cache, sources, parse, version=1, load=Faces.open, save=Faces.save)

The file is plain safetensors: nothing in it can run code, and any safetensors reader opens it.
"""
import json
import os
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

import numpy as np
from safetensors import SafetensorError, safe_open

from ..base.errors import DataError
from ..base.files import remove_half_written

__all__ = ["cached", "map_arrays", "pack_names", "unpack_names"]

T = TypeVar("T")


def pack_names(names: np.ndarray) -> np.ndarray:
    """Names (N,) as bytes (N, W) padded with zeros, since safetensors has no text."""
    return np.ascontiguousarray(names).view(np.uint8).reshape(len(names), -1)


def unpack_names(packed: np.ndarray) -> np.ndarray:
    """The inverse of :func:`pack_names`."""
    return np.array(packed).view(f"S{packed.shape[1]}").reshape(-1)


def map_arrays(path: Path) -> dict[str, np.ndarray]:
    """The uint8 arrays of a safetensors file, mapped into memory.

    Raises:
        FileNotFoundError: if there is no such file.
        DataError: if it is not a safetensors file, was cut short, or holds other types or empty arrays.
    """
    header, start = _read_header(path)
    header.pop("__metadata__", None)
    arrays: dict[str, np.ndarray] = {}
    for name, entry in header.items():
        if entry["dtype"] != "U8" or 0 in entry["shape"] or not entry["shape"]:
            raise DataError(f"{path} does not hold faces as this library writes them; delete it and try again")
        arrays[name] = np.memmap(path, np.uint8, "r", start + entry["data_offsets"][0], tuple(entry["shape"]))
    return arrays


def cached(cache: Path, sources: Sequence[str | Path], parse: Callable[[], T], version: int,
           load: Callable[[Path], T], save: Callable[[T, Path, dict[str, str]], None]) -> T:
    """What some files hold: parsed at the first call, loaded from a cache file at later ones.

    The cache is rebuilt when a file is added or removed, or changes in size or time. What was parsed stays in
    memory where no cache can be written.

    Args:
        cache: The cache file; it is put into the user's cache folder where its own folder is not writable.
        sources: The files that are read.
        parse: Reads them.
        version: Version of ``parse``; a cache of another version is not used.
        load: Opens a cache file.
        save: Writes one, with metadata.
    """
    cache = _writable(cache)
    remove_half_written(cache.parent, cache.name)
    stamp = json.dumps([version, *_stamp(sources)])
    try:
        if _read_header(cache)[0].get("__metadata__", {}).get("source") == stamp:
            return load(cache)
    except (DataError, OSError):
        pass  # a bad cache is not worth an error: it is rebuilt
    parsed = parse()
    try:
        save(parsed, cache, {"source": stamp})
        return load(cache)
    except OSError:
        return parsed


def _stamp(sources: Sequence[str | Path]) -> list:
    """Changes when one of the files does."""
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
    """The header of a safetensors file, and the offset at which its data begin."""
    try:
        with safe_open(path, "np"):
            pass  # the format's own reader checks the header, and that the file holds all that it lists
    except SafetensorError as error:
        raise DataError(f"{path} is not a safetensors file, or was cut short ({error}); delete it and try again"
                        ) from None
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        return json.loads(file.read(length)), 8 + length
