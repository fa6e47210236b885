"""From a config to a Runner, on a CPU, one GPU or several processes.

    build_runner(load_config("lanmsff_ferplus"), "train", "val").train()
"""
import os.path as osp
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.device import is_cuda_available
from mmengine.registry import DATASETS, init_default_scope
from mmengine.runner import Runner

from ...base.errors import ConfigError
from ...base.memory import keep_freed_memory
from ...weights.loading import find_file
from .checkpoint import check_parts, read_start
from .configs import read_config
from .progress import ProgressHook, QuietRunner

__all__ = ["build_runner", "find_checkpoint", "load_config", "read_config", "resume_last"]

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
        ConfigError: if it cannot be read as one.
    """
    cfg = read_config(name)
    cfg.merge_from_dict(options or {})
    cfg.launcher = launcher
    cfg.work_dir = work_dir or cfg.get("work_dir") or osp.join("work_dirs", Path(name).stem)
    for name in _DATALOADERS:
        loader = cfg.get(name)
        if loader is not None:
            # EpochSeedHook wants new workers in each epoch of the training.
            loader.setdefault("persistent_workers", loader.num_workers > 0 and name != "train_dataloader")
            loader.setdefault("pin_memory", is_cuda_available())
            loader.setdefault("collate_fn", dict(type="default_collate"))
    if amp:
        _use_amp(cfg)
    return cfg


def find_checkpoint(path: str | Path) -> str:
    """A checkpoint file as it is; of a folder, the file of weights or the best checkpoint in it.

    Raises:
        FileNotFoundError: if there is none.
    """
    return str(find_file(path)) if Path(path).is_dir() else str(path)


def _last_checkpoint(work_dir: str) -> str | None:
    """The checkpoint that a work dir names as its last one, also where the work dir has been moved since."""
    name = Path(work_dir, "last_checkpoint")
    if not name.is_file():
        return None
    path = Path(name.read_text())
    return str(path if path.is_file() else name.with_name(path.name))


def resume_last(cfg: Config) -> None:
    """Go on from the last checkpoint of the work dir; where there is none, start from what the config says."""
    last = _last_checkpoint(cfg.work_dir)
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

    The checkpoint, and the data of ``splits`` ('train', 'val', 'test'), are read first, so that a missing or
    bad file is the one thing said, before any log is begun. The process keeps what memory it frees, for speed.

    Raises:
        ConfigError: if the launcher needs a GPU and there is none.
        CheckpointError: if the checkpoint to start from is damaged or not safe to load, or does not fit.
    """
    keep_freed_memory()
    init_default_scope(cfg.get("default_scope", "mmpretrain"))
    if cfg.get("resume") and not cfg.get("load_from"):
        resume_last(cfg)
    start = read_start(cfg)
    if "train" in splits:
        check_parts(cfg)
    for split in splits:
        loader = cfg.get(f"{split}_dataloader")
        if loader is not None:
            DATASETS.build(loader.dataset)
    if cfg.launcher != "none" and not is_cuda_available():
        if cfg.launcher != "pytorch":
            raise ConfigError(f"without a GPU only --launcher pytorch works, got {cfg.launcher}")
        if not torch.distributed.is_initialized():
            torch.distributed.init_process_group("gloo")
        cfg.model_wrapper_cfg = dict(type="MMDistributedDataParallel", device_ids=None)
    runner = QuietRunner.from_cfg(cfg)
    runner.start = start
    runner.register_hook(ProgressHook())
    return runner
