"""What a checkpoint on disk is made of: plain values, written whole or not at all, and read without running code."""
import pickle
import re
from pathlib import Path

import numpy as np
import torch
from mmengine.fileio import LocalBackend, register_backend
from mmengine.logging import HistoryBuffer
from mmengine.runner import CheckpointLoader
from numpy._core import multiarray

from ...base.errors import CheckpointError
from ...base.files import write_atomically

__all__ = ["FOREIGN", "AtomicBackend", "plain", "read_checkpoint"]

FOREIGN = "foreign://"
"""What had to stand before the path of a checkpoint that MMEngine wrote without ``CleanCheckpointHook``."""


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


def _statistic(owner: type, name: str):
    """What the pickles of ``HistoryBuffer`` need of ``getattr``: its four statistics, and nothing else."""
    if owner is not HistoryBuffer or name not in ("min", "max", "current", "mean"):
        raise pickle.UnpicklingError(f"GLOBAL builtins.getattr of {owner} and {name!r} is refused")
    return getattr(owner, name)


# NumPy 2 has moved what older files name as numpy.core.
_MMENGINE_GLOBALS = [
    HistoryBuffer, (_statistic, "builtins.getattr"), np.ndarray, np.dtype,
    *{type(np.dtype(code)) for code in np.typecodes["All"]},
    *((getattr(multiarray, name), f"numpy.{core}.multiarray.{name}")
      for core in ("core", "_core") for name in ("_reconstruct", "scalar"))]


def read_checkpoint(path: str | Path, map_location=None) -> dict:
    """Load a checkpoint by torch's ``weights_only``, which runs no code of the file's.

    Beside tensors and plain values it may hold what MMEngine by itself puts there: ``HistoryBuffer``, and NumPy's
    arrays and scalars.

    Args:
        path: The file; ``foreign://`` before it, which such checkpoints used to need, changes nothing.
        map_location: As for ``torch.load``.

    Raises:
        FileNotFoundError: if there is none.
        CheckpointError: if it is damaged, or asks for anything that could run code.
    """
    file = Path(str(path).removeprefix(FOREIGN)).expanduser()
    if not file.is_file():
        raise FileNotFoundError(f"no checkpoint at {file}; `lanmsff train` writes them to its work dir")
    try:
        with torch.serialization.safe_globals(_MMENGINE_GLOBALS):
            return torch.load(file, map_location=map_location, weights_only=True)
    except Exception as error:  # a file that is no checkpoint can fail in any way
        refused = re.search(r"GLOBAL ([\w.]+)", str(error))
        if refused is None:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise CheckpointError(f"{file} is damaged, or is no checkpoint ({reason:.160})") from None
        raise CheckpointError(
            f"{file} is refused and ran nothing: it asks for {refused[1]}, which is more than weights") from None


@CheckpointLoader.register_scheme(prefixes=("", FOREIGN), force=True)
def load_from_local(filename: str, map_location=None) -> dict:
    """Wherever MMEngine loads a checkpoint from a file, :func:`read_checkpoint` does."""
    return read_checkpoint(filename, map_location)
