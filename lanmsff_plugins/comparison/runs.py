"""The trainings of a comparison: what is done is read again, what was cut is resumed.

    comparison = Comparison(Plan(host="resnet18", data="pictures", side=64), Path("work_dirs/compare/pictures"))
    result = comparison.train("SAFM", seed=0)

A work dir holds one comparison: ``plan.json`` says of what, and layers and seeds can be added to it later. A training
has a folder ``LAYER/seed_N``, with its log, its config, its predictions and its ``result.json``.
"""
import hashlib
import json
import re
import shutil
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..base.errors import ConfigError
from ..base.files import write_atomically
from ..data.catalog import DATASETS
from ..data.image_folders import find_images, select_folders
from ..data.splits import Selection
from ..mm.engine.configs import FOLDER
from ..mm.engine.launch import load_config
from ..mm.engine.trials import run_trial
from ..scores import Predictions
from .budget import Timing

__all__ = ["Comparison", "Plan", "Result", "folder_of", "make_plan"]

CONFIG = FOLDER / "_base_" / "compare.py"
TIMED_STEPS = 10  # of each variant: enough to know its speed
CHECKPOINTS = 5  # of a training, so that what is lost in an interruption is a fifth of it at most


@dataclass(frozen=True)
class Plan:
    """What all trainings of a comparison have in common.

    Attributes:
        host: timm's name of the CNN.
        data: A key of the catalog of data sets, or a folder of pictures.
        data_root: The folder of a data set of the catalog; '' for a folder of pictures.
        shape: (C, H, W) of an image.
        classes: The names of the classes.
        pictures: What tells these pictures from others: a hash of them and of their labels.
        train: Number of pictures to train on.
        val: Number of pictures to test on.
        batch: Number of pictures in a batch.
        after: Glob over the names of the host's modules to put layers behind; '' for its own places.
        mirror: Whether pictures are mirrored in training.
        amp: Whether the training is in mixed precision.
        epochs: Of each training; 0 while that is not known.
    """

    host: str
    data: str
    data_root: str
    shape: tuple[int, int, int]
    classes: tuple[str, ...]
    pictures: str
    train: int
    val: int
    batch: int = 32
    after: str = ""
    mirror: bool = True
    amp: bool = False
    epochs: int = 0


@dataclass(frozen=True)
class Result:
    """What a training has led to.

    Attributes:
        hits: (N,) bool, which pictures of the val split it gets right.
        step: Median of the seconds of a step.
    """

    hits: np.ndarray
    step: float


def folder_of(layer: str) -> str:
    """The name of a layer's folder: 'torch.nn:Identity' is no name of a folder on every system."""
    return re.sub(r"[^\w.-]+", "_", layer)


def _read_pictures(data: str, data_root: str, split: str, shape: tuple[int, int, int], cache: Path) -> Selection:
    """A split of the pictures that are compared on; arguments as in :class:`Plan`."""
    if data in DATASETS:
        return DATASETS[data].select(data_root, split)
    return select_folders(data, split, shape[1], shape[0] == 3, cache)


class Comparison:
    """The trainings in a work dir.

    Args:
        plan: What they have in common.
        work_dir: Where they are.

    Raises:
        ConfigError: if the work dir holds those of another plan.
    """

    def __init__(self, plan: Plan, work_dir: Path):
        self.work_dir = work_dir
        self.file = work_dir / "plan.json"
        self.plan = plan
        if not self.file.is_file():
            return
        found, wanted = json.loads(self.file.read_text()), json.loads(json.dumps(asdict(plan)))
        epochs = found.pop("epochs")
        if plan.epochs in (0, epochs):
            wanted.pop("epochs")
        else:
            found["epochs"] = epochs
        for name in sorted(wanted.keys() - {"data", "data_root"}):  # the same pictures may have been moved
            if found.get(name) != wanted[name]:
                raise ConfigError(f"{self.file} is of a comparison with {name}={found.get(name)!r:.80}, not "
                                  f"{wanted[name]!r:.80}; name another --work-dir, or remove this one")
        self.plan = replace(plan, epochs=epochs)

    def settle(self, epochs: int) -> None:
        """Fix the number of epochs, from now on and for later calls."""
        self.plan = replace(self.plan, epochs=epochs)
        write_atomically(self.file, (json.dumps(asdict(self.plan), indent=2) + "\n").encode())

    def time(self, layer: str) -> Timing:
        """Train some steps, and test, to see how long that takes."""
        folder = self.work_dir / "timing" / folder_of(layer)
        shutil.rmtree(folder, ignore_errors=True)  # of a call that was interrupted
        steps = self.plan.train // self.plan.batch
        timed = min(TIMED_STEPS, steps)
        epochs = -(-TIMED_STEPS // timed)
        start = time.monotonic()
        self._train(layer, 0, folder, epochs, {"train_dataloader.dataset.indices": timed * self.plan.batch})
        training = _times(folder)["training"]
        rest = time.monotonic() - start - training
        shutil.rmtree(folder.parent)
        return Timing(training / epochs * steps / timed, rest)

    def train(self, layer: str, seed: int) -> Result:
        """The result of a training, which is done, resumed, or was done before."""
        folder = self.work_dir / folder_of(layer) / f"seed_{seed}"
        if not self.is_done(layer, seed):
            self._train(layer, seed, folder, self.plan.epochs)
        for checkpoint in folder.glob("*.pth"):
            checkpoint.unlink()  # of no more use, and larger than all else
        predictions = Predictions.load(folder / "val.npz")
        return Result(predictions.scores.argmax(1) == predictions.labels, _times(folder)["step"])

    def is_done(self, layer: str, seed: int) -> bool:
        """Whether a training was done before."""
        return (self.work_dir / folder_of(layer) / f"seed_{seed}" / "result.json").is_file()

    def _train(self, layer: str, seed: int, folder: Path, epochs: int, more: dict | None = None) -> None:
        cfg = load_config(CONFIG, str(folder), {**self._settings(layer), **(more or {}), **{
            "randomness.seed": seed, "train_cfg.max_epochs": epochs,
            "default_hooks.checkpoint.interval": -(-epochs // CHECKPOINTS),
            "test_evaluator.1.out_file": str(folder / "val.npz")}}, amp=self.plan.amp)
        run_trial(cfg, {"layer": layer, "seed": seed, "epochs": epochs})

    def _settings(self, layer: str) -> dict:
        """What the config says of a layer in place of its defaults, by dotted keys."""
        plan = self.plan
        channels, side, _ = plan.shape
        if plan.data in DATASETS:
            dataset: dict[str, Any] = {"type": f"lanmsff_plugins.{DATASETS[plan.data].type}",
                                       "data_root": plan.data_root}
        else:
            dataset = {"type": "lanmsff_plugins.ImageFolders", "data_root": plan.data, "side": side,
                       "colour": channels == 3, "cache": str(self.work_dir)}
        return {
            "model.host": plan.host, "model.layer": layer, "model.after": plan.after, "model.input_shape": plan.shape,
            "model.num_classes": len(plan.classes), "model.data_preprocessor.num_classes": len(plan.classes),
            "model.data_preprocessor.augment.size": side,
            "model.data_preprocessor.augment.mirror": 0.5 if plan.mirror else 0.,
            "train_dataloader.batch_size": plan.batch,
            **{f"{split}_dataloader.dataset.{name}": value for split in ("train", "test")
               for name, value in {**dataset, "pipeline.0.scale": side}.items()}}


def make_plan(data: str, data_root: str, shape: tuple[int, int, int], work_dir: Path, **rest) -> Plan:
    """Read the pictures, and say what is compared on them.

    Args:
        data, data_root, shape: As in :class:`Plan`.
        work_dir: Where decoded pictures are kept.
        **rest: The other attributes of the plan that are no properties of the pictures.

    Raises:
        FileNotFoundError, DataError: if there are no such pictures, or a file is damaged.
    """
    train, val = (_read_pictures(data, data_root, split, shape, work_dir) for split in ("train", "val"))
    known = hashlib.sha256()
    for selected in (train, val):
        known.update(selected.labels.astype(np.int64).tobytes())
        for i in range(len(selected)):
            known.update(selected.pictures[i].tobytes())
    classes = DATASETS[data].classes if data in DATASETS else find_images(data).classes
    batch = min(rest.pop("batch", Plan.batch), len(train))
    return Plan(data=data, data_root=data_root, shape=shape, classes=classes, pictures=known.hexdigest()[:16],
                train=len(train), val=len(val), batch=batch, **rest)


def _times(folder: Path) -> dict[str, float]:
    return json.loads((folder / "step_times.json").read_text())
