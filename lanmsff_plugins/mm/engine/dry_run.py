"""A config tried on two pictures before anything is logged: do its network, data, metrics and schedule fit together?

    dry_run(cfg, {"train": train_set, "val": val_set})
"""
import copy
import logging
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.evaluator import DumpResults, Evaluator
from mmengine.model import BaseModel
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DATA_SAMPLERS, FUNCTIONS, HOOKS, METRICS, PARAM_SCHEDULERS
from mmengine.structures import BaseDataElement
from mmpretrain.models.classifiers import BaseClassifier
from torch.utils.data import DataLoader, Dataset

from ...base.errors import ConfigError, DataError, one_line, unknown
from ...data.face_list import FaceList
from .checkpoint import build_network
from .settings import as_list, named_hooks

__all__ = ["dry_run"]


def dry_run(cfg: Config, datasets: Mapping[str, Dataset]) -> None:
    """Build what a config names, and run the network of a classifier once on each data set.

    The generators of random numbers are left as they were, and nothing is written or logged.

    Args:
        cfg: A config whose settings have been checked.
        datasets: Its data sets, built, by 'train', 'val' and 'test'.

    Raises:
        ConfigError: on one line, where something cannot be built, where the network does not run on the data or has
            other classes, or where a hook or a schedule waits for a metric that the validation does not give.
        DataError: if a list of faces is damaged, or names none of the data set.
    """
    with _undisturbed():
        settings = copy.deepcopy(cfg)  # what is built takes settings out
        device = "cuda" if torch.cuda.is_available() else "cpu"  # where it would be trained
        model = _build("model", lambda: build_network(cfg).to(device))
        for split, dataset in datasets.items():
            loader = settings[f"{split}_dataloader"]
            _check_loader(loader, split, dataset)
            if split == "test":
                _check_lists(cfg, dataset)
            if isinstance(model, BaseClassifier):
                batch = _batch(loader, split, dataset)
                samples = _check_network(model, batch, split, dataset)
                if split == "val" and "train" in datasets:
                    _check_monitors(cfg, _metrics(settings, samples, batch, dataset))
        if "train" in datasets:
            _check_training(settings, model, datasets["train"])


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Leave the generators of random numbers as they are, and say nothing."""
    states, level = (random.getstate(), np.random.get_state()), logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with torch.random.fork_rng():
            yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        logging.disable(level)


def _build(place: str, build: Callable[[], Any]) -> Any:
    try:
        return build()
    except (ArithmeticError, AssertionError, AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"{place} cannot be built: {one_line(error)}") from error


def _check_loader(loader: Mapping, split: str, dataset: Dataset) -> None:
    if len(dataset) == 0:
        raise ConfigError(f"the {split} data of this config are empty")
    if loader.get("drop_last") and loader.get("batch_size", 1) > len(dataset):
        raise ConfigError(f"{split}_dataloader has drop_last=True and batches of {loader.batch_size}, but there are "
                          f"{len(dataset)} pictures: no batch would be left")
    classes = (getattr(dataset, "metainfo", None) or {}).get("classes") or ()
    folders = getattr(dataset, "folder_to_idx", {})  # MMPretrain numbers folders by the alphabet, whatever is given
    if set(classes) == set(folders) and list(classes) != list(folders):
        raise ConfigError(f"{split}_dataloader has the classes {', '.join(classes)}, but their folders are numbered "
                          f"{', '.join(folders)}; give the classes in that order")
    own = {"dataset", "sampler", "batch_sampler", "collate_fn", "worker_init_fn", "num_batch_per_epoch",
           "disable_subprocess_warning"}
    sampler = None
    if loader.get("sampler") is not None:
        sampler = _build(f"{split}_dataloader.sampler", lambda: DATA_SAMPLERS.build(
            loader.sampler, default_args=dict(dataset=dataset, seed=0)))
    _build(f"{split}_dataloader", lambda: DataLoader(
        dataset, sampler=sampler, **{key: value for key, value in loader.items() if key not in own}))


def _check_lists(cfg: Config, dataset: Dataset) -> None:
    """The lists of faces that the metrics compare can be read, and name faces of this data set."""
    selected = getattr(dataset, "selected", None)
    for metric in as_list(cfg.test_evaluator):
        for path in (metric.get("lists") or {}).values():
            listed = FaceList.read(path)
            if selected is not None:
                listed.mask(selected.rows, selected.names)


def _batch(loader: Mapping, split: str, dataset: Dataset) -> dict:
    """The first two pictures; of a picture in several views, the first."""
    try:
        records = [dataset[i] for i in (0, len(dataset) - 1)]
    except (DataError, OSError):
        raise
    except Exception as error:  # a pipeline can fail in any way
        raise ConfigError(f"the pipeline of the {split} data fails: {one_line(error)}") from error
    records = [{key: value[0] if isinstance(value, list) else value for key, value in record.items()}
               for record in records]
    collate = copy.deepcopy(loader.get("collate_fn", dict(type="pseudo_collate")))
    function = FUNCTIONS.get(collate.pop("type")) if isinstance(collate, dict) else collate
    return _build(f"a batch of the {split} data", lambda: function(
        records, **(collate if isinstance(collate, dict) else {})))


def _check_network(model: BaseClassifier, batch: dict, split: str, dataset: Dataset) -> list[BaseDataElement]:
    """Run the network, and in training its loss; gives what it predicts."""
    classes = (getattr(dataset, "metainfo", None) or {}).get("classes")
    told = getattr(model.data_preprocessor, "num_classes", None)
    if classes and told not in (None, len(classes)):
        raise ConfigError(f"model.data_preprocessor.num_classes is {told}, but the {split} data have {len(classes)} "
                          "classes")
    samples = _run(split, lambda: model.eval().val_step(copy.deepcopy(batch)))
    scores = samples[0].get("pred_score")
    if classes and scores is not None and scores.shape[-1] != len(classes):
        raise ConfigError(f"the network has {scores.shape[-1]} classes, but the {split} data have {len(classes)}; set "
                          "num_classes of the model's head and data_preprocessor")
    if split == "train":
        _run(split, lambda: model.train()(**model.data_preprocessor(batch, True), mode="loss"))
    return samples


def _run(split: str, call: Callable[[], Any]) -> Any:
    try:
        with torch.no_grad():
            return call()
    except Exception as error:  # a network can fail in any way on inputs that it is not made for
        raise ConfigError(f"the network does not run on the {split} data: {one_line(error)}; check the channels, the "
                          "classes and the pipeline") from error


def _check_training(cfg: Config, model: BaseModel, dataset: Dataset) -> None:
    """Build the optimizer, the schedule and the hooks, for what they refuse by themselves."""
    for place, hook in named_hooks(cfg):
        if isinstance(hook, dict) and "Visualization" not in str(hook["type"]):  # these ask for the Runner's
            hook.pop("priority", None)
            _build(place, lambda hook=hook: HOOKS.build(hook))
    wrapper = _build("optim_wrapper", lambda: build_optim_wrapper(model, cfg.optim_wrapper))
    for i, scheduler in enumerate(as_list(cfg.get("param_scheduler"))):
        end = cfg.train_cfg.get("max_epochs", cfg.train_cfg.get("max_iters"))
        scheduler = {"end": end, **scheduler}
        _build(f"param_scheduler.{i}", lambda scheduler=scheduler: PARAM_SCHEDULERS.build(
            scheduler, default_args=dict(optimizer=wrapper, epoch_length=len(dataset))))


def _metrics(cfg: Config, samples: list[BaseDataElement], batch: dict, dataset: Dataset) -> list[str] | None:
    """The names of what the validation measures; None where two pictures are too few to tell."""
    found = as_list(cfg.val_evaluator)
    if len(found) == 1 and "metrics" in found[0]:
        found = as_list(found[0].metrics)
    metrics = [_build(f"val_evaluator.{i}", lambda metric=metric: METRICS.build(metric))
               for i, metric in enumerate(found)]
    for metric in metrics:
        if hasattr(metric, "out_file"):
            metric.out_file = None
    evaluator = Evaluator([metric for metric in metrics if not isinstance(metric, DumpResults)])
    evaluator.dataset_meta = getattr(dataset, "metainfo", None)
    try:
        evaluator.process(data_samples=samples, data_batch=batch)
        return list(evaluator.evaluate(len(samples)))
    except (ArithmeticError, ValueError):  # such as of a curve of one class
        return None
    except Exception as error:
        raise ConfigError(f"val_evaluator fails: {one_line(error)}") from error


def _check_monitors(cfg: Config, metrics: Sequence[str] | None) -> None:
    """What waits for a metric waits for one that there is."""
    if metrics is None:
        return
    schedulers = enumerate(as_list(cfg.get("param_scheduler")))
    for place, settings in [*named_hooks(cfg), *((f"param_scheduler.{i}", each) for i, each in schedulers)]:
        for key in ("monitor", "save_best"):
            for name in as_list((settings or {}).get(key)):
                if name not in metrics and name != "auto":
                    raise ConfigError(f"{place}.{key}: " + unknown("metric", name, metrics))
