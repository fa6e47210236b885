"""Looking through the wrappers of data sets: which pictures does a config train on, validate on, test on?

    cfg.test_dataloader.dataset = dataset_of_split(cfg, "train")
"""
import copy
from collections.abc import Iterator
from typing import Any

from mmengine.config import Config, ConfigDict
from mmengine.dataset import ClassBalancedDataset, ConcatDataset, RepeatDataset
from mmpretrain.datasets import KFoldDataset
from mmpretrain.registry import DATASETS

from ...base.errors import ConfigError
from .datasets import PictureDataset

__all__ = ["dataset_of_split", "innermost", "kind_of"]

_REPEATING = (ClassBalancedDataset, RepeatDataset)


def kind_of(dataset: ConfigDict) -> type:
    """The class that the config of a data set names.

    Raises:
        ConfigError: if there is none of that name.
    """
    kind = DATASETS.get(dataset.type) if isinstance(dataset.type, str) else dataset.type
    if kind is None:
        raise ConfigError(f"unknown type of data set {dataset.type!r}; name one of this package as "
                          "'lanmsff_plugins.FERPlus'")
    return kind


def innermost(dataset: Any) -> Iterator[Any]:
    """The data sets within all wrappers, or their configs if it is a config; itself if it is no wrapper."""
    inner = [dataset.dataset] if hasattr(dataset, "dataset") else getattr(dataset, "datasets", [])
    if not inner:
        yield dataset
    for each in inner:
        yield from innermost(each)


def dataset_of_split(cfg: Config, split: str) -> ConfigDict:
    """The config of the data set that holds the pictures of a split, each once, with the pipeline of the tests.

    Around a data set of this package, ``RepeatDataset`` and ``ClassBalancedDataset`` are left out: the pictures are
    those of ``split``, for 'train' and 'train+val' with the options of the training, such as its label mode, its list
    of excluded faces and its fold. Otherwise the split is what the config's own loader of that name reads: all parts
    of a ``ConcatDataset``, the same fold of a ``KFoldDataset``. If the config lacks that loader, a data set of this
    package has the options of the tests.

    Args:
        cfg: A config with ``test_dataloader``.
        split: One of ``SPLITS``.

    Raises:
        ConfigError: if the config does not tell which pictures those are.
    """
    name = split.partition("+")[0]
    loader = cfg.get(f"{name}_dataloader")  # None after `train --no-validate`
    source, tested = (_unrepeated(each.dataset) for each in (loader or cfg.test_dataloader, cfg.test_dataloader))
    pipeline = next(innermost(tested)).get("pipeline", [])
    if all(issubclass(kind_of(each), PictureDataset) for each in (source, tested)):
        if name == "train":
            tested = ConfigDict({**source, "data_root": tested.get("data_root", "")})
        return ConfigDict({**_once(tested, pipeline), "split": split})
    if split == "train+val":
        raise ConfigError(f"--split train+val is for a data set of this package, the config has {source.type}; test on "
                          "train and on val")
    if loader is None:
        raise ConfigError(f"--split {split} needs {name}_dataloader, which the config lacks; a {source.type} does not "
                          "tell its other splits")
    return _once(source, pipeline)


def _unrepeated(dataset: ConfigDict) -> ConfigDict:
    while issubclass(kind_of(dataset), _REPEATING):
        dataset = dataset.dataset
    return dataset


def _once(dataset: ConfigDict, pipeline: list, dealt: bool = False) -> ConfigDict:
    """A data set with another pipeline, without what makes one picture stand in it several times.

    Args:
        dataset: Its config.
        pipeline: The pipeline.
        dealt: Whether it is dealt into folds by place, so that the number of its records has to stay.
    """
    kind = kind_of(dataset)
    if not dealt and issubclass(kind, _REPEATING):
        return _once(dataset.dataset, pipeline)
    if issubclass(kind, ConcatDataset):
        parts = [_once(part, pipeline, dealt) for part in dataset.datasets]
        parts = [part for i, part in enumerate(parts) if dealt or part not in parts[:i]]
        return ConfigDict({**dataset, "datasets": parts})
    if issubclass(kind, (KFoldDataset, *_REPEATING)):
        return ConfigDict({**dataset, "dataset": _once(dataset.dataset, pipeline, True)})
    if next(innermost(dataset)) is not dataset:
        raise ConfigError(f"a {dataset.type} does not tell which pictures it gives; test on a config without it")
    changed = ConfigDict({**copy.deepcopy(dataset), "pipeline": copy.deepcopy(pipeline), "test_mode": True})
    if issubclass(kind, PictureDataset):
        if dealt and changed.pop("versions", 1) > 1:
            raise ConfigError("the folds of a KFoldDataset mix the versions of a picture; set versions=1 in its data "
                              "set")
        changed.update(versions=1, teacher=None)
    return changed
