"""From a config to a Runner, on a CPU, one GPU or several processes.

    train(load_config("lanmsff_ferplus"))
"""
import os
import os.path as osp
import re
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from zlib import crc32

import torch
from mmengine.config import Config
from mmengine.device import is_cuda_available
from mmengine.dist import all_gather_object, get_world_size
from mmengine.registry import DATASETS, init_default_scope
from mmengine.runner import Runner

from ...base.errors import CheckpointError, ConfigError, one_line
from ...base.locks import folder_lock
from ...base.memory import keep_freed_memory
from ...weights.loading import find_file
from .checkpoint import check_parts, read_start
from .configs import read_config
from .device_loop import choose_loop
from .dry_run import dry_run
from .hooks import FiniteLossHook
from .progress import ProgressHook, QuietRunner
from .settings import check_sections, check_settings, named_hooks

__all__ = ["build_runner", "find_checkpoint", "hold_work_dir", "last_checkpoint", "load_config", "read_config",
           "resume_last", "train"]

_DATALOADERS = ("train_dataloader", "val_dataloader", "test_dataloader")


def load_config(name: str | Path, work_dir: str | None = None, options: dict | None = None, launcher: str = "none",
                amp: bool = False) -> Config:
    """Read a config and apply what a command line adds to it.

    Args:
        name: A path, or the name of one of the package's configs.
        work_dir: Where logs and checkpoints go; by default what the config says, else work_dirs/NAME.
        options: Settings to override, by dotted keys.
        launcher: MMEngine's job launcher.
        amp: Train in mixed precision.

    Raises:
        FileNotFoundError: if there is no such config.
        ConfigError: if it cannot be read as one, has a setting that nothing reads, or a value that cannot be meant.
    """
    cfg = read_config(name)
    try:
        cfg.merge_from_dict(options or {})
    except (AssertionError, AttributeError, LookupError, TypeError) as error:  # such as train_cfg.max_epochs.x=1
        raise ConfigError(f"the options do not fit the config: {one_line(error)}") from None
    check_settings(cfg, options)
    cfg.launcher = launcher
    cfg.work_dir = work_dir or cfg.get("work_dir") or osp.join("work_dirs", Path(name).stem)
    for name in _DATALOADERS:
        loader = cfg.get(name)
        if loader is not None:
            # EpochSeedHook wants new workers in each epoch of the training; without it they would repeat their draws.
            anew = name == "train_dataloader" and _seeds_epochs(cfg)
            loader.setdefault("persistent_workers", loader.get("num_workers", 0) > 0 and not anew)
            loader.setdefault("pin_memory", is_cuda_available())
            loader.setdefault("collate_fn", dict(type="default_collate"))
    if amp and cfg.get("optim_wrapper") is not None:
        _use_amp(cfg)
    return cfg


def _seeds_epochs(cfg: Config) -> bool:
    return any(hook and "EpochSeedHook" in str(hook.type) for _, hook in named_hooks(cfg))


def find_checkpoint(path: str | Path) -> str:
    """A checkpoint file as it is; of a folder, the file of weights or the best checkpoint in it.

    Raises:
        FileNotFoundError: if there is none.
    """
    return str(find_file(path)) if Path(path).is_dir() else str(path)


def last_checkpoint(work_dir: str) -> str | None:
    """The last checkpoint of a work dir: the one that it names, by preference the file of that name in it.

    A work dir may have been moved or copied since, and a kill may have come before the name was written.

    Raises:
        CheckpointError: if what should name it is damaged.
    """
    name = Path(work_dir, "last_checkpoint")
    if name.is_dir():
        raise CheckpointError(f"{name} is a folder, expected a file with the path of a checkpoint; remove it, or name "
                              "the checkpoint itself to resume from")
    if not name.is_file():
        saved = {path: re.fullmatch(r"(?:epoch|iter)_(\d+)", path.stem) for path in Path(work_dir).glob("*_*.pth")}
        numbers = {path: int(match[1]) for path, match in saved.items() if match}
        return str(max(numbers, key=lambda path: numbers[path])) if numbers else None
    text = name.read_bytes().decode(errors="replace").strip()
    if not text or not text.isprintable():
        raise CheckpointError(f"{name} is damaged: expected the path of a checkpoint, got {text[:20]!r}; name the "
                              "checkpoint itself to resume from")
    path = Path(text)
    return str(path if path.is_file() and not name.with_name(path.name).is_file() else name.with_name(path.name))


def resume_last(cfg: Config) -> None:
    """Go on from the last checkpoint of the work dir; where there is none, start from what the config says."""
    last = last_checkpoint(cfg.work_dir)
    cfg.resume = last is not None
    cfg.load_from = last or cfg.get("load_from")


def _use_amp(cfg: Config) -> None:
    """Train in mixed precision: float16 with a loss scale on a GPU, bfloat16 on the CPU."""
    if is_cuda_available():
        cfg.optim_wrapper.type = "AmpOptimWrapper"
        cfg.optim_wrapper.setdefault("loss_scale", "dynamic")
    else:
        cfg.optim_wrapper.type = "lanmsff_plugins.CPUAmpOptimWrapper"


def build_runner(cfg: Config, *splits: str) -> Runner:
    """A Runner for the config. Several processes without a GPU talk by gloo, which MMEngine does not set up.

    The checkpoint and the data of ``splits`` ('train', 'val', 'test') are read first, and the network is tried on two
    pictures, so that what is missing or does not fit is the one thing said, before any log is begun. The process keeps
    what memory it frees, for speed.

    Raises:
        ConfigError: if a section is missing, if the network does not fit the data, or if the launcher needs a GPU and
            there is none.
        CheckpointError: if the checkpoint to start from is damaged or not safe to load, does not fit, or is not that of
            all processes.
    """
    keep_freed_memory()
    init_default_scope(cfg.get("default_scope", "mmpretrain"))
    check_sections(cfg, splits)
    if (cfg.get("auto_scale_lr") or {}).get("enable") and cfg.optim_wrapper.get("accumulative_counts", 1) > 1:
        raise ConfigError("auto_scale_lr leaves accumulative_counts out of the batch size (MMEngine 0.10.7), so the "
                          "rate would be too low; leave it out and set optim_wrapper.optimizer.lr")
    if cfg.launcher not in ("none", "pytorch") and not is_cuda_available():
        raise ConfigError(f"without a GPU only --launcher pytorch works, got {cfg.launcher}")
    if cfg.get("resume") and not cfg.get("load_from"):
        resume_last(cfg)
    start = read_start(cfg)
    if "train" in splits:
        check_parts(cfg)
    datasets = {split: DATASETS.build(cfg[f"{split}_dataloader"].dataset) for split in splits
                if cfg.get(f"{split}_dataloader") is not None}
    dry_run(cfg, datasets)
    if "train" in datasets:
        choose_loop(cfg, datasets["train"])
    if cfg.launcher != "none" and not is_cuda_available():
        if not torch.distributed.is_initialized():
            torch.distributed.init_process_group("gloo")
        cfg.model_wrapper_cfg = dict(type="MMDistributedDataParallel", device_ids=None)
    runner = QuietRunner.from_cfg(cfg)
    if get_world_size() > 1:
        _check_same_start(cfg.get("load_from"), start)
    runner.start = start
    runner.use_datasets(datasets)
    runner.register_hook(ProgressHook())
    if not any(isinstance(hook, FiniteLossHook) for hook in runner.hooks):
        runner.register_hook(FiniteLossHook())
    return runner


def _check_same_start(path: str | None, start: dict | None) -> None:
    """Refuse processes that start from different weights, as on machines that do not share the work dir.

    The gradients would be averaged, the weights would stay different, and only the first process's would be saved.
    """
    tensors = [] if start is None else start["state_dict"].values()
    check = [crc32(tensor.reshape(-1).contiguous().view(torch.uint8).numpy()) for tensor in tensors]
    starts = all_gather_object((path or "no checkpoint", check))
    other = next((rank for rank, found in enumerate(starts) if found[1] != starts[0][1]), None)
    if other is not None:
        raise CheckpointError(f"process 0 starts from {starts[0][0]}, process {other} from {starts[other][0]}, which "
                              "differs; give every machine the same checkpoint, or a work dir that all of them share")


def hold_work_dir(cfg: Config) -> AbstractContextManager[None]:
    """Keep other trainings out of a work dir; of several processes the first one does.

    Raises:
        FolderInUseError: on entering, if there is one already.
    """
    rank = next((os.environ[name] for name in ("RANK", "SLURM_PROCID", "OMPI_COMM_WORLD_RANK") if name in os.environ),
                "0")
    first = cfg.launcher == "none" or rank == "0"
    return folder_lock(cfg.work_dir, "a training") if first else nullcontext()


def train(cfg: Config) -> None:
    """Train by a config; until it ends, a second training in the same work dir is refused.

    Raises:
        FolderInUseError: if there is one already.
        ConfigError, CheckpointError: as for :func:`build_runner`.
        DivergenceError: if the loss or the weights are no longer finite.
    """
    with hold_work_dir(cfg):
        build_runner(cfg, "train", "val").train()
