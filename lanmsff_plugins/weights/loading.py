"""The one loader of checkpoints: ours, timm's, MMEngine's and transformers', under any of their names.

    load_weights(model, "work_dirs/lanmsff_ferplus")

What is read: a ``.pth`` or ``.safetensors`` file, a folder with a ``model.safetensors`` (as timm and transformers save
one) or with a ``best_*.pth`` (a work dir), and packaged weights by ``lanmsff://NAME``. As in timm, averaged weights
come first.
"""
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from ..base import compat
from ..base.errors import CheckpointError
from ..models.naming import from_mm, to_mm
from . import weights_file

__all__ = ["FOREIGN", "PACKAGED", "find_file", "fit", "load_weights", "read_checkpoint", "weights_of"]

FOREIGN = "foreign://"
"""What stands before the path of a checkpoint that MMEngine wrote without ``CleanCheckpointHook``."""
PACKAGED = "lanmsff://"
"""What stands before the name of packaged weights."""

# Averaged weights come first; but MMEngine's EMAHook saves those as state_dict, and the others as ema_state_dict.
_KEYS = ("state_dict_ema", "model_ema", "state_dict", "model", "ema_state_dict")
_WRAPPERS = ("module.", "_orig_mod.", "model.", "timm_model.", "backbone.")  # of DDP, torch.compile, Lightning, ...
_COUNTERS = ("n_averaged", "steps")  # what torch's and MMEngine's averages count beside the weights
_ADVICE = "name a model with the same layers and classes, as 'lanmsff(num_classes=7)'"
_NAMESPACE = (SimpleNamespace, "argparse.Namespace")  # timm's train.py keeps its options as one


def find_file(path: str | Path) -> Path:
    """The file that a path, a folder or ``lanmsff://NAME`` means.

    Raises:
        FileNotFoundError: if there is none.
        ValueError: if there are no packaged weights of that name.
    """
    if str(path).startswith(PACKAGED):
        return weights_file(str(path).removeprefix(PACKAGED))
    file = Path(path).expanduser()
    if file.is_dir():
        if (file / "model.safetensors").is_file():
            return file / "model.safetensors"
        best = sorted(file.glob("best_*.pth"), key=lambda each: each.stat().st_mtime)
        if not best:
            raise FileNotFoundError(f"no best_*.pth in {path}; name a checkpoint file, or train with validation")
        return best[-1]
    if not file.is_file():
        raise FileNotFoundError(f"no checkpoint at {path}; `lanmsff train` writes them to its work dir")
    return file


def read_checkpoint(path: str | Path, device: str | torch.device | None = "cpu", allowed: Sequence = ()) -> Any:
    """What a checkpoint holds, read by safetensors or by torch's ``weights_only``, which runs no code of the file's.

    Args:
        path: As for :func:`find_file`.
        device: Where the tensors go; None leaves them where they were.
        allowed: What a file may ask for in addition to tensors, plain values and ``argparse.Namespace``, as for
            ``torch.serialization.safe_globals``.

    Raises:
        FileNotFoundError: if there is none.
        CheckpointError: if it is damaged, or asks for anything that could run code.
    """
    file = find_file(path)
    try:
        if file.suffix == ".safetensors":
            return load_file(file, str(device or "cpu"))
        return compat.load_plain(file, device, [_NAMESPACE, *allowed])
    except Exception as error:  # a file that is no checkpoint can fail in any way
        refused = re.search(r"GLOBAL ([\w.]+)", str(error))
        if refused is None:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise CheckpointError(f"{file} is damaged, or is no checkpoint ({reason:.160})") from None
        hint = "" if allowed else f"; if MMEngine wrote it, name it {FOREIGN}{path}"
        if not compat.has_safe_globals():
            hint = f"; if timm's train.py or MMEngine wrote it, load it with torch {compat.SAFE_TORCH} or newer"
        raise CheckpointError(
            f"{file} is refused and ran nothing: it asks for {refused[1]}, which is more than weights{hint}") from None


def weights_of(checkpoint: Any, path: str | Path) -> dict[str, Tensor]:
    """The state dict in what :func:`read_checkpoint` gives.

    It may stand under the key of timm's or MMEngine's trainer, and averaged weights come before plain ones.

    Raises:
        CheckpointError: if there is none, or one of its values is no tensor, or not finite.
    """
    found = checkpoint
    while isinstance(found, Mapping):
        inner = next((found[key] for key in _KEYS if isinstance(found.get(key), Mapping)), None)
        if inner is None:
            break
        found = inner
    if not isinstance(found, Mapping) or not found:
        raise CheckpointError(f"{path} holds no weights: expected a state dict, got "
                              f"{'an empty one' if isinstance(found, Mapping) else type(found).__name__}")
    for name, value in found.items():
        if not isinstance(name, str) or not isinstance(value, Tensor) or not _has_values(value):
            raise CheckpointError(f"{path} holds no weights: expected dense tensors by name, got "
                                  f"{type(value).__name__} as {name!r:.80}")
        if value.is_floating_point() and not value.isfinite().all():
            raise CheckpointError(f"{path} holds values that are not finite (NaN or infinite), in {name}; name a "
                                  "checkpoint from before the training diverged")
    return {name: value for name, value in found.items() if name not in _COUNTERS}


def _has_values(value: Tensor) -> bool:
    return not value.is_meta and not value.is_nested and value.layout == torch.strided


def fit(model: nn.Module, weights: Mapping[str, Tensor], path: str | Path, advice: str) -> dict[str, Tensor]:
    """The weights by the names that ``model`` has for them; the model is not changed.

    Args:
        model: The model.
        weights: What :func:`weights_of` gives.
        path: Where they are from, for the message.
        advice: What to do if they do not fit.

    Raises:
        CheckpointError: if a weight is missing or left over, or of another shape or kind.
    """
    expected = model.state_dict()
    named = max(_namings(dict(weights)), key=lambda named: len(named.keys() & expected.keys()))
    reason = _misfit(expected, named)
    if reason:
        raise CheckpointError(f"{path} does not fit the model: {reason}; {advice}")
    return named


def _namings(weights: dict[str, Tensor]) -> Iterator[dict[str, Tensor]]:
    """The weights by each name that they may go by: without what stood around the network, as ours, as MMPretrain's."""
    while True:
        yield from (rename(weights) for rename in (dict, from_mm, to_mm))
        wrapper = next((each for each in _WRAPPERS if all(name.startswith(each) for name in weights)), None)
        if wrapper is None:
            return
        weights = {name.removeprefix(wrapper): value for name, value in weights.items()}


def _misfit(expected: Mapping[str, Tensor], named: Mapping[str, Tensor]) -> str | None:
    """What keeps weights from being those that are expected."""
    if not named.keys() & expected.keys():
        return f"it is of another network, with weights such as {next(iter(named), None)!r}"
    for name, value in expected.items():
        if name not in named:
            if not name.endswith("num_batches_tracked"):  # a count without effect, which old files lack
                return f"{name} is {list(value.shape)} there, missing in the file"
        elif named[name].shape != value.shape:
            return f"{name} is {list(value.shape)} there, {list(named[name].shape)} in the file"
        elif value.is_floating_point() and not named[name].is_floating_point():
            return f"{name} is {value.dtype} there, {named[name].dtype} in the file"
    left = next((name for name in named if name not in expected), None)
    return None if left is None else f"the file also holds {left}, which the model does not have"


def load_weights(model: nn.Module, path: str | Path, read: Callable[[str | Path], Any] = read_checkpoint) -> None:
    """Load a checkpoint into a model, all of it or nothing. No code in the file is run.

    Args:
        model: The model.
        path: As for :func:`find_file`.
        read: What reads the file; that of :mod:`lanmsff_plugins.mm.engine.checkpoint` takes ``foreign://`` as well.

    Raises:
        FileNotFoundError: if there is no such file.
        CheckpointError: if it cannot be read without running code, does not fit the model, or is not finite.
    """
    model.load_state_dict(fit(model, weights_of(read(path), path), path, _ADVICE), strict=False)
