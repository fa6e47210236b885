"""From a config file and a command line to a Runner, on CPU, one GPU or several processes."""
import argparse
import os
import os.path as osp
import re
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import torch
from mmengine.config import Config, DictAction
from mmengine.device import is_cuda_available
from mmengine.registry import DATASETS, init_default_scope
from mmengine.runner import Runner

from ..commands import fail
from ..data import DataError
from ..memory import keep_freed_memory
from .checkpoint import FOREIGN, read_checkpoint
from .errors import CheckpointError, ConfigError, DivergenceError

__all__ = ["add_arguments", "build_runner", "find_checkpoint", "is_file", "load_config", "main", "read_config",
           "resume_last"]

_DATALOADERS = ("train_dataloader", "val_dataloader", "test_dataloader")


class _KeyValueAction(DictAction):
    """MMEngine's action for ``KEY=VALUE ...``, which says what is wrong with anything else."""

    def __call__(self, parser, namespace, values, option_string=None):
        try:
            super().__call__(parser, namespace, values, option_string)
        except (AssertionError, ValueError):
            parser.error(f"{option_string} takes KEY=VALUE, with the brackets of lists closed, got {' '.join(values)}")


def add_arguments(parser: argparse.ArgumentParser, training: bool = True) -> None:
    """The options that training and testing share, named as in MMPretrain's tools, and those of training alone."""
    if training:
        parser.add_argument("--amp", action="store_true", help="mixed precision, on GPU (float16) and CPU (bfloat16)")
    parser.add_argument("--work-dir", help="where logs and checkpoints go (default: work_dirs/CONFIG)")
    parser.add_argument("--cfg-options", nargs="+", action=_KeyValueAction, default={}, metavar="KEY=VALUE",
                        help="settings to override in the config, such as train_cfg.max_epochs=2")
    parser.add_argument("--launcher", choices=["none", "pytorch", "slurm", "mpi"], default="none",
                        help="job launcher; pytorch under torchrun")
    parser.add_argument("--local_rank", "--local-rank", type=int, default=0, help=argparse.SUPPRESS)


def read_config(path: str | Path) -> Config:
    """Read a config as it stands.

    Raises:
        FileNotFoundError: if there is no such config.
        ConfigError: if it cannot be read as one.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"no config at {path}; the project's are in mm_configs/")
    try:
        return Config.fromfile(path)
    except Exception as error:  # a config is a program: it can fail in any way
        raise ConfigError(f"{path} cannot be read as a config: {error}") from None


def load_config(args: argparse.Namespace) -> Config:
    """Read the config and apply the shared options.

    Raises:
        FileNotFoundError: if there is no such config.
        ConfigError: if it cannot be read as one.
    """
    os.environ.setdefault("LOCAL_RANK", str(args.local_rank))
    cfg = read_config(args.config)
    cfg.merge_from_dict(args.cfg_options)
    cfg.launcher = args.launcher
    cfg.work_dir = args.work_dir or cfg.get("work_dir") or osp.join("work_dirs", Path(args.config).stem)
    for name in _DATALOADERS:
        loader = cfg.get(name)
        if loader is not None:
            # EpochSeedHook wants new workers in each epoch of the training.
            loader.setdefault("persistent_workers", loader.num_workers > 0 and name != "train_dataloader")
            loader.setdefault("pin_memory", is_cuda_available())
            loader.setdefault("collate_fn", dict(type="default_collate"))
    if vars(args).get("amp"):
        _use_amp(cfg)
    return cfg


def find_checkpoint(path: str | Path) -> str:
    """A checkpoint file as it is; of a work dir, the best checkpoint in it.

    Raises:
        FileNotFoundError: if there is none.
    """
    if Path(path).is_dir():
        best = sorted(Path(path).glob("best_*.pth"), key=lambda file: file.stat().st_mtime)
        if not best:
            raise FileNotFoundError(f"no best_*.pth in {path}; name a checkpoint file, or train with validation")
        return str(best[-1])
    return str(path)


def is_file(checkpoint: str) -> bool:
    """Whether a checkpoint is named by a path, and not as of some other place, such as lanmsff://NAME."""
    return "://" not in checkpoint or checkpoint.startswith(FOREIGN)


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
        CheckpointError: if the checkpoint to start from is damaged or not safe to load.
    """
    keep_freed_memory()
    init_default_scope(cfg.get("default_scope", "mmpretrain"))
    if cfg.get("resume") and not cfg.get("load_from"):
        resume_last(cfg)
    if cfg.get("load_from") and is_file(cfg.load_from):
        read_checkpoint(cfg.load_from, "cpu")
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
    return Runner.from_cfg(cfg)


def main(run: Callable[[], None]) -> None:
    """Call ``run``; what is the user's to mend ends the program with one line and exit status 2.

    That is: a file that is missing, bad or cannot be written, a loss that is no number, and a setting that
    something refuses while it is built from the config. All else is a fault of the program, and keeps its traceback.
    """
    try:
        run()
    except (OSError, CheckpointError, ConfigError, DataError, DivergenceError) as error:
        _fail(str(error))
    except (KeyError, TypeError, ValueError) as error:
        if not _is_refused_setting(error):
            raise
        _fail(str(error.args[0]))
    except KeyboardInterrupt:
        print("interrupted; tools/train.py goes on with --resume, ablate.py and kfold.py as they are", file=sys.stderr)
        sys.exit(130)


def _is_refused_setting(error: Exception) -> bool:
    building = any(frame.f_code.co_filename.endswith(osp.join("mmengine", "registry", "build_functions.py"))
                   for frame, _ in traceback.walk_tb(error.__traceback__))
    # Of the other two, Python raises many that are no check of anybody's.
    return building and (isinstance(error, ValueError) or re.search(
        "is not in the .* registry|unexpected keyword argument|missing .* required", str(error)) is not None)


def _fail(message: str) -> NoReturn:
    if "\nOriginal Traceback" in message:  # from a worker that loads data; the error itself is in its last line
        message = message.strip().splitlines()[-1].split(": ", 1)[-1]
    fail(message)
