"""What a checkpoint on disk is made of: plain values, written whole or not at all."""
from pathlib import Path

import numpy as np
import torch
from mmengine.fileio import LocalBackend, register_backend

from ..files import write_atomically

__all__ = ["AtomicBackend", "plain"]


class AtomicBackend(LocalBackend):
    """MMEngine's local files, but a file has its final name only when it is whole."""

    def put(self, obj: bytes, filepath: str | Path) -> None:
        write_atomically(filepath, bytes(obj))


register_backend("lanmsff_atomic", AtomicBackend, force=True)


def plain(value):
    """``value`` with NumPy's scalars and arrays and subclasses of containers made plain, at any depth.

    Raises:
        TypeError: if something is left that torch's ``weights_only`` would not load.
    """
    if isinstance(value, dict):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set)):
        kind = next(kind for kind in (list, tuple, set) if isinstance(value, kind))
        return kind(plain(item) for item in value)
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, (bool, int, float, complex, str, bytes, torch.Tensor)):
        return value
    raise TypeError(f"a checkpoint holds plain values only, got {type(value).__name__}: {value!r:.100}")
