"""Runs so small that an epoch takes a fraction of a second, each in a process of its own as a user's would be."""
import gc
import multiprocessing
import os
import runpy
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner

from lanmsff_plugins.cli.main import main
from lanmsff_plugins.data.splits import Selection
from lanmsff_plugins.mm.engine.launch import build_runner
from lanmsff_plugins.mm.engine.progress import QuietRunner
from lanmsff_plugins.scores import Predictions

from ..conftest import ROOT

CHANNELS = [12, 12, 12, 12]


def tiny(data_root: Path, work_dir: Path, config: str = "lanmsff_ferplus.py", **settings) -> Config:
    """One of the project's configs with 32 faces of 32 pixels, batches of 8 and a narrow network.

    ``settings`` are further ones, with two underscores in the place of a dot.
    """
    cfg = Config.fromfile(ROOT / "mm_configs" / config)
    cfg.merge_from_dict({
        **{f"{split}_dataloader.{key}": value for split in ("train", "val", "test") for key, value in (
            ("dataset.data_root", str(data_root)), ("dataset.indices", 32 if split == "train" else 33),
            ("num_workers", 0), ("persistent_workers", False), ("batch_size", 8),
            ("collate_fn.type", "default_collate"))},
        "train_dataloader.dataset.versions": 1, "val_dataloader.dataset.pipeline.1.scale": 32,
        "model.backbone.channels": CHANNELS, "model.neck.in_channels": CHANNELS, "model.head.in_channels": 24,
        "train_cfg.max_epochs": 6, "work_dir": str(work_dir), "launcher": "none", "log_level": "ERROR",
        **{key.replace("__", "."): value for key, value in settings.items()}})
    if len(cfg.train_dataloader.dataset.pipeline) > 1:
        cfg.train_dataloader.dataset.pipeline[0].scale = 32
    return cfg


def _quicken() -> None:
    """Leave out of a forked process what would take longer than its epochs."""
    torch.set_num_threads(1)
    gc.freeze()  # MMEngine collects often, and there is much that it need not look at
    Config.pretty_text = property(lambda self: "")  # formatted anew for each checkpoint


def start(cfg: Config, before=lambda runner: None, **environment: str) -> multiprocessing.Process:
    """Start the training of ``cfg``; ``before`` is called with the Runner first."""
    def train():
        os.environ.update(environment)
        _quicken()
        runner = build_runner(cfg, "train", "val")
        before(runner)
        runner.train()

    process = multiprocessing.get_context("fork").Process(target=train)
    process.start()
    return process


def finish(cfg: Config, before=lambda runner: None) -> int:
    """Train in a process and wait for its end; gives its exit status."""
    process = start(cfg, before)
    process.join()
    return process.exitcode


def finish_together(cfg: Config, processes: int, before=lambda runner: None,
                    work_dirs: Sequence[Path] | None = None) -> list[int]:
    """Train in several processes, as torchrun would start them; each in a work dir of its own, if they are given."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    cfg.launcher = "pytorch"
    started = []
    for rank in range(processes):
        if work_dirs is not None:
            cfg.work_dir = str(work_dirs[rank])
        started.append(start(cfg, before, RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE=str(processes),
                             MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port)))
    for process in started:
        process.join()
    return [process.exitcode for process in started]


def call_command(command: str, *args, hooks: Sequence[Hook] = ()) -> subprocess.CompletedProcess:
    """Call a command, or a file of tools/, but in a fork of this process, which has all of it imported."""
    def call(stdout, stderr):
        def with_hooks(cls, cfg):
            runner = Runner.from_cfg.__func__(cls, cfg)
            for hook in hooks:
                runner.register_hook(hook)
            return runner

        QuietRunner.from_cfg = classmethod(with_hooks)
        _quicken()
        os.chdir(ROOT)
        argv = [str(arg) for arg in args]
        with open(stdout, "w", buffering=1) as sys.stdout, open(stderr, "w", buffering=1) as sys.stderr:
            try:
                if command.endswith(".py"):
                    sys.argv = [command, *argv]
                    runpy.run_path(str(ROOT / "tools" / command), run_name="__main__")
                else:
                    main(command, argv)
            except Exception:
                traceback.print_exc()  # into the file, while it is open
                raise

    with tempfile.TemporaryDirectory() as folder:
        said = [Path(folder, name) for name in ("stdout", "stderr")]
        process = multiprocessing.get_context("fork").Process(target=call, args=said)
        process.start()
        process.join()
        return subprocess.CompletedProcess([command, *args], process.exitcode, *(path.read_text() for path in said))


def write_predictions(path: Path | str, rows: np.ndarray, classes: int, seed: int = 0,
                      selected: Selection | None = None) -> Predictions:
    """Predictions for some rows of a data set, as a teacher's, drawn anyhow; with the labels of those selected."""
    scores = np.random.default_rng(seed).dirichlet(np.ones(classes), len(rows)).astype(np.float32)
    known = {} if selected is None else dict(zip(selected.rows.tolist(), selected.labels.tolist()))
    blank = np.full(len(rows), "")
    predictions = Predictions(scores, np.array([known.get(row, 0) for row in rows.tolist()]), rows, blank, blank)
    predictions.save(path)
    return predictions


def load(path: Path) -> dict:
    return torch.load(path, weights_only=True)
