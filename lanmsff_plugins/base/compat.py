"""What differs between the supported versions of other packages; nothing else here asks for a version.

Each function names the version from which on it can go. The layers can be copied without the rest of the package, so
what differs for them stands in ``layers/checks.py``.
"""
import os
import re
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

__all__ = ["SAFE_TORCH", "adapts_rgb_only", "captures_muon", "default_font", "exports_batch_norms", "has_safe_globals",
           "load_plain", "on_state_dict", "plain_loads", "require", "version"]

SAFE_TORCH = "2.6"
"""The torch from which on ``weights_only`` is the default, can be widened for one file, and refuses TorchScript."""


@cache
def version(package: str) -> tuple[int, ...]:
    """The release of an installed package, as (2, 6, 0) for '2.6.0+cpu'.

    Raises:
        importlib.metadata.PackageNotFoundError: if it is not installed.
    """
    return _release(metadata.version(package))


def _release(text: str) -> tuple[int, ...]:
    return tuple(map(int, re.split(r"[^\d.]|\.(?!\d)", text)[0].split(".")))


def require(package: str, oldest: str, what: str, instead: str) -> None:
    """Refuse what an installed package is too old for.

    Args:
        package: Its name.
        oldest: The first release that can do it, as '1.0.21'.
        what: What needs it, for the message.
        instead: What to do or to take instead, for the message.

    Raises:
        ImportError: if the package is older.
    """
    if version(package) < _release(oldest):
        raise ImportError(f"{what} needs {package} {oldest}, got {metadata.version(package)}; {instead}")


def has_safe_globals() -> bool:
    """Whether more than plain values can be allowed for one file. From torch 2.6 on it always can."""
    return version("torch") >= _release(SAFE_TORCH)


def load_plain(file: Path, device: Any = "cpu", allowed: Sequence = ()) -> Any:
    """``torch.load`` with ``weights_only``. From torch 2.6 on, that and ``safe_globals`` are enough.

    Args:
        file: The file.
        device: As ``map_location``.
        allowed: As for ``torch.serialization.safe_globals``; older versions of torch allow nothing.

    Raises:
        ValueError: if torch is older, and the file is an archive that it would run code for in spite of
            ``weights_only`` (CVE-2025-32434).
        Exception: whatever ``torch.load`` raises.
    """
    import torch

    if has_safe_globals():
        with torch.serialization.safe_globals(list(allowed)):
            return torch.load(file, map_location=device, weights_only=True)
    if tarfile.is_tarfile(file) or _is_torchscript(file):
        raise ValueError(f"a TorchScript or tar archive, which torch {torch.__version__} loads without weights_only")
    return torch.load(file, map_location=device, weights_only=True)


@contextmanager
def plain_loads() -> Iterator[None]:
    """Have ``torch.load`` run no code while others call it. From torch 2.6 on that is what it does."""
    name = "TORCH_FORCE_WEIGHTS_ONLY_LOAD"
    before = os.environ.get(name)
    if not has_safe_globals():
        os.environ[name] = "1"
    try:
        yield
    finally:
        os.environ.pop(name, None)
        if before is not None:
            os.environ[name] = before


def _is_torchscript(file: Path) -> bool:
    with open(file, "rb") as stream:
        if stream.read(4) != b"PK\x03\x04":  # by which torch tells
            return False
    with zipfile.ZipFile(file) as archive:
        return any(name.rpartition("/")[2] == "constants.pkl" for name in archive.namelist())


def on_state_dict(module: Any, hook: Callable) -> None:
    """``module.register_state_dict_post_hook(hook)``, which is new in torch 2.5."""
    if version("torch") < (2, 5):
        module._register_state_dict_hook(hook)
    else:
        module.register_state_dict_post_hook(hook)


def default_font(size: float) -> Any:
    """``ImageFont.load_default(size)``. Before Pillow 10.1 the font has one size, eleven pixels."""
    from PIL import ImageFont

    return ImageFont.load_default(*[size] if version("Pillow") >= (10, 1) else [])


def exports_batch_norms() -> bool:
    """Whether torch writes a batch norm as ONNX, beside a new onnxscript. From torch 2.7 on it does."""
    return version("torch") >= (2, 7)


def captures_muon() -> bool:
    """Whether timm's Muon can count its steps on the device, as a CUDA graph needs. From timm 1.0.28 on it can."""
    return version("timm") >= (1, 0, 28)


def adapts_rgb_only() -> bool:
    """Whether timm takes every stem for one of three channels when it fits it to others. From timm 1.0.31 on no."""
    return version("timm") < (1, 0, 31)
