"""What a checkpoint on disk is made of: plain values, written whole or not at all, and read without running code."""
import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.fileio import LocalBackend, register_backend
from mmengine.logging import HistoryBuffer
from mmengine.model import BaseTTAModel, is_model_wrapper
from mmengine.registry import MODELS, OPTIMIZERS
from mmengine.runner import CheckpointLoader, Runner
from mmengine.runner.checkpoint import load_state_dict
from numpy._core import multiarray
from torch import nn

from ...base import compat
from ...base.errors import CheckpointError
from ...base.files import write_atomically
from ...weights import loading
from ...weights.loading import FOREIGN

__all__ = ["AtomicBackend", "StrictRunner", "build_network", "check_parts", "plain", "read_checkpoint", "read_start"]

_ADVICE = "name the config that it was trained by; for a part of a network see init_cfg in docs/train.md"


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


def read_checkpoint(path: str | Path, map_location=None) -> Any:
    """Load a checkpoint by torch's ``weights_only``, which runs no code of the file's, or by safetensors.

    Beside tensors and plain values it may hold what MMEngine by itself puts there: ``HistoryBuffer``, and NumPy's
    arrays and scalars.

    Args:
        path: As for :func:`lanmsff_plugins.weights.loading.find_file`; ``foreign://`` before it, which checkpoints
            that MMEngine wrote by itself used to need, changes nothing. Of other places that MMEngine knows, such as
            https, it loads by itself.
        map_location: As for ``torch.load``.

    Raises:
        FileNotFoundError: if there is none.
        CheckpointError: if it is damaged, or asks for anything that could run code.
    """
    if str(path).startswith(FOREIGN) and not compat.has_safe_globals():
        raise CheckpointError(f"{path} needs torch {compat.SAFE_TORCH} or newer, which can permit more than weights "
                              "for one file; load it there, or convert it to plain weights")
    path = str(path).removeprefix(FOREIGN)
    if "://" in path and not path.startswith(loading.PACKAGED):
        with compat.plain_loads():
            return CheckpointLoader.load_checkpoint(path, map_location, logger="silent")
    return loading.read_checkpoint(path, map_location, _MMENGINE_GLOBALS)


@CheckpointLoader.register_scheme(prefixes=("", FOREIGN), force=True)
def load_from_local(filename: str, map_location=None) -> dict:
    """Wherever MMEngine loads a checkpoint from a file, :func:`read_checkpoint` does."""
    return read_checkpoint(filename, map_location)


def read_start(cfg: Config) -> dict | None:
    """What a config starts from by ``load_from`` or ``resume``, if it fits; None if it starts from nothing.

    MMEngine would leave what does not fit as it was drawn, and only log it.

    Args:
        cfg: The config; its ``load_from`` has been settled.

    Returns:
        A checkpoint as MMEngine has them, with the weights by the names of the config's network.

    Raises:
        FileNotFoundError: if there is no such file.
        CheckpointError: if it is damaged or not safe to load, if it does not fit the network or holds values that are
            not finite, or if there is no training in it to resume.
    """
    path = cfg.get("load_from")
    if not path:
        return None
    checkpoint = read_checkpoint(path, "cpu")
    weights = loading.weights_of(checkpoint, path)
    weights = loading.fit(build_network(cfg), weights, path, _ADVICE)
    if not cfg.get("resume"):
        return {"state_dict": weights}
    _check_state(checkpoint, cfg, path)
    return {**checkpoint, "state_dict": weights}


def check_parts(cfg: Config) -> None:
    """Refuse an ``init_cfg=dict(type='Pretrained', ...)`` in a config's model whose weights do not fit that part.

    Such weights may be fewer than those of the part, and more; MMEngine would only log it if they are of other shapes.

    Raises:
        FileNotFoundError: if there is no such file.
        CheckpointError: if it is damaged or not safe to load, or if a shape differs, or no weight is of that part.
    """
    if "Pretrained" not in str(cfg.model):
        return
    for name, part in build_network(cfg).named_modules():
        found = getattr(part, "init_cfg", None) or []
        for init in [found] if isinstance(found, dict) else found:
            if init["type"] != "Pretrained":
                continue
            path, prefix = init["checkpoint"], init.get("prefix") or ""
            with compat.plain_loads():
                content = CheckpointLoader.load_checkpoint(path, "cpu", logger="silent")
            weights, expected = loading.weights_of(content, path), part.state_dict()
            named = {key[len(prefix):].removeprefix("."): value for key, value in weights.items()
                     if key.startswith(prefix)}
            wrong = next((key for key in named if key in expected and named[key].shape != expected[key].shape), None)
            if wrong or not named.keys() & expected.keys():
                reason = (f"{wrong} is {list(expected[wrong].shape)} there, {list(named[wrong].shape)} in the file"
                          if wrong else f"it has no weights of that name; prefix={prefix!r} goes before them")
                raise CheckpointError(f"{path} does not fit {name or 'the model'}, which starts from it by init_cfg: "
                                      + reason)


def build_network(cfg: Config) -> nn.Module:
    """The network of a config, as the Runner will build it; of one that averages over views, the network within."""
    settings = copy.deepcopy(cfg.model)
    if cfg.get("data_preprocessor"):
        settings.setdefault("data_preprocessor", cfg.data_preprocessor)
    model = MODELS.build(settings)
    return model.module if isinstance(model, BaseTTAModel) else model


def _check_state(checkpoint: dict, cfg: Config, path: str) -> None:
    """Refuse to resume what is no training of MMEngine, or one with another optimizer."""
    meta, hub = checkpoint.get("meta"), checkpoint.get("message_hub")
    if not isinstance(meta, dict) or not isinstance(hub, dict) or not all(
            isinstance(meta.get(key), int) for key in ("epoch", "iter")):
        raise CheckpointError(f"{path} holds no training to resume, such as `lanmsff train` writes; to start from its "
                              f"weights, leave --resume out and set load_from={path}")
    if "optimizer" in checkpoint and "optimizer" in cfg.optim_wrapper:
        optimizer = OPTIMIZERS.build({**cfg.optim_wrapper.optimizer, "params": [nn.Parameter(torch.zeros(1, 1))]})
        expected = set(optimizer.defaults)  # loading adds what is torch's own
        try:
            group = {**checkpoint["optimizer"]["param_groups"][0], "params": [0]}
            optimizer.load_state_dict({"state": {}, "param_groups": [group]})
            fits = expected <= optimizer.param_groups[0].keys()
        except (IndexError, KeyError, TypeError, ValueError):
            fits = False
        if not fits:
            raise CheckpointError(f"{path} holds the state of another optimizer than {type(optimizer).__name__}; "
                                  "resume it by the config that it was trained by")


class StrictRunner(Runner):
    """MMEngine's Runner, which starts from what :func:`read_start` has read and checked.

    Attributes:
        start: What that is; where it is None, MMEngine loads what it is told to.
    """

    start: dict | None = None

    def load_checkpoint(self, filename: str, *args, **kwargs) -> dict:
        if self.start is None:
            return super().load_checkpoint(filename, *args, **kwargs)
        checkpoint, self.start = self.start, None
        self.call_hook("after_load_checkpoint", checkpoint=checkpoint)
        load_state_dict(self.model.module if is_model_wrapper(self.model) else self.model, checkpoint["state_dict"],
                        strict=True)
        self._has_loaded = True
        self.logger.info(f"loaded {filename}")
        return checkpoint
