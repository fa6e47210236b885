"""The data sets of the catalog as MMPretrain's: ``type='lanmsff_plugins.FERPlus'`` and the like.

Each takes the options of its ``select`` function (``mode``, ``exclude``; ``fold``, ``folds``, ``views``, ``boxes``)
and those below.
"""
import inspect
from collections.abc import Sequence
from os import PathLike

import numpy as np
from mmcv.transforms import LoadImageFromFile
from mmpretrain.datasets import BaseDataset

from ...base.errors import DataError
from ...data.catalog import DATASETS as CATALOG
from ...data.catalog import DataSet
from ...data.image_folders import find_images, select_folders
from ...data.splits import Selection, check_split
from ...registry import DATASETS, register
from ...scores import Predictions

__all__ = [row.type for row in CATALOG.values()] + ["ImageFolders", "PictureDataset"]


class PictureDataset(BaseDataset):
    """A split of a data set of the catalog.

    Records have ``gt_label``, where there are votes or teachers a distribution ``gt_score``, ``row``, ``name`` and what
    else the data set knows, such as the ``view``. They hold the picture as ``img``, or the path of its file for
    ``LoadImageFromFile`` where it is a whole file.

    Args:
        data_root: The folder with the official files.
        split: 'train', 'val', 'test' or 'train+val'.
        versions: How many times each picture stands in the data set, with ``version`` 0, 1, ... in its record, for
            transforms to tell apart. The authors' epoch has four; with one there is no ``version``.
        teacher: Predictions of another network for these pictures, as ``lanmsff test --split train`` writes them, to
            learn from beside the labels (Hinton et al., 2015 - https://arxiv.org/abs/1503.02531); or those of several
            networks, for their mean. Labels and predictions count one half each in ``gt_score``.
        ann_file: Not used; MMPretrain's first argument.
        **kwargs: The options of the data set's ``select``; ``pipeline``, ``indices`` and the rest of ``BaseDataset``.

    Raises:
        ValueError: if there is no such split, or ``versions`` is below 1.
        DataError: if the split has no picture; if the teacher lacks some picture, or its predictions are of other
            pictures or classes, or no probabilities.
    """

    source: DataSet  # the row of the catalog

    def __init__(self, data_root: str = "", split: str = "train", versions: int = 1,
                 teacher: str | Sequence[str] | None = None, ann_file: str = "", **kwargs):
        check_split(split)
        if versions < 1:
            raise ValueError(f"versions must be 1 or more, got {versions}")
        self.split = split
        self.versions = versions
        self.teachers = [teacher] if isinstance(teacher, (str, PathLike)) else teacher
        known = list(inspect.signature(self.source.select).parameters)[2:]  # behind the folder and the split
        self.options = {name: kwargs.pop(name) for name in known if name in kwargs}
        super().__init__(ann_file=ann_file, data_root=data_root, **kwargs)

    def load_data_list(self) -> list[dict]:
        selected = self.selected = self.source.select(self.data_root, self.split, **self.options)
        loads = any(isinstance(transform, LoadImageFromFile) for transform in self.pipeline.transforms)
        self._in_memory = not loads
        if loads and selected.paths is None:
            raise ValueError(f"{self.data_root} gives faces cut out; leave LoadImageFromFile out of its pipeline")
        records = [{"index": i, "row": int(row), "name": str(name), "gt_label": int(label)}
                   for i, (row, name, label) in enumerate(zip(selected.rows, selected.names, selected.labels))]
        for name, values in selected.details.items():
            for record, value in zip(records, values.tolist()):
                record[name] = value
        if not self._in_memory:
            for record, path in zip(records, selected.paths):
                record["img_path"] = str(path)
        scores = self._taught() if self.teachers else selected.scores
        if scores is not None:
            for record, score in zip(records, scores):
                record["gt_score"] = score
        return records

    def _taught(self) -> np.ndarray:
        """(N, classes) float32: half of what the labels say, half of what the teachers do."""
        classes, selected = len(self.METAINFO["classes"]), self.selected
        own = np.eye(classes)[selected.labels] if selected.scores is None else selected.scores
        taught = np.mean([_predicted(path, selected, classes) for path in self.teachers], axis=0)
        return ((own + taught) / 2).astype(np.float32)

    def __len__(self) -> int:
        return super().__len__() * self.versions

    def get_data_info(self, idx: int) -> dict:
        pictures = super().__len__()
        info = super().get_data_info(idx % pictures)
        if self.versions > 1:
            info["version"] = idx // pictures % self.versions
        if self._in_memory:
            info["img"] = self.selected.pictures[info["index"]]
            info["img_shape"] = info["ori_shape"] = info["img"].shape
        return info

    def prepare_data(self, idx: int) -> dict:
        info = self.get_data_info(idx)
        if self.selected.draw_class and not self.test_mode:
            p = info["gt_score"].astype(float)
            info["gt_label"] = int(np.random.choice(len(p), p=p / p.sum()))
            info["gt_score"] = np.eye(len(p), dtype=np.float32)[info["gt_label"]]
        return self.pipeline(info)

    def _copy_without_annotation(self, memo: dict | None = None) -> "PictureDataset":
        """For ``get_subset``, which ``KFoldDataset`` calls. MMEngine keeps one memo of copies for all calls, by the ids
        of objects; those of objects that are gone are used again, and then other objects' copies are taken."""
        return super()._copy_without_annotation({} if memo is None else memo)

    def extra_repr(self) -> list[str]:
        return [f"Data root: \t{self.data_root}", f"Split: \t{self.split}"]


def _predicted(path: str | PathLike, selected: Selection, classes: int) -> np.ndarray:
    """(N, classes) scores that a file of predictions has for the pictures of a split."""
    predictions = Predictions.load(path)
    if predictions.scores.shape[1] != classes:
        raise DataError(f"{path} has scores of {predictions.scores.shape[1]} classes, expected {classes}; is it of "
                        "another data set?")
    rows, counts = np.unique(predictions.rows, return_counts=True)
    if (counts > 1).any():
        raise DataError(f"{path} has several predictions for row {rows[counts.argmax()]}; predict each face once, by "
                        "`lanmsff test --split train`")
    missing = np.setdiff1d(selected.rows, rows)
    if len(missing):
        raise DataError(f"{path} says nothing of {len(missing):,} of {len(selected):,} faces, such as row {missing[0]}"
                        "; predict them by `lanmsff test --split train`, with the same label mode")
    taught = predictions.take(predictions.rows.argsort()[np.searchsorted(rows, selected.rows)])
    for what, other in (
            ("names", (taught.names != selected.names) & (taught.names != "") & (selected.names != "")),
            ("labels", taught.labels != selected.labels)):
        if other.any():
            at = int(other.argmax())
            found, expected = (getattr(each, what)[at] for each in (taught, selected))
            raise DataError(f"{path} is of other faces: {other.sum():,} have other {what}, such as {found} in place of "
                            f"{expected} for row {selected.rows[at]}; predict them by `lanmsff test --split train`, "
                            "with the same data and label mode")
    return taught.scores


def _signature(row: DataSet) -> inspect.Signature:
    """What a data set takes by name: the arguments of ``PictureDataset`` and of its own ``select``."""
    own = list(inspect.signature(row.select).parameters.values())[2:]
    ours, theirs = (list(inspect.signature(cls).parameters.values()) for cls in (PictureDataset, BaseDataset))
    known = {p.name: p for p in (*theirs, *own, *ours) if p.kind is not p.VAR_KEYWORD}
    return inspect.Signature(sorted(known.values(), key=lambda p: p.default is not p.empty))


for _row in CATALOG.values():
    globals()[_row.type] = register(DATASETS)(type(_row.type, (PictureDataset,), {
        "METAINFO": {"classes": _row.classes}, "source": _row, "__module__": __name__,
        "__signature__": _signature(_row),
        "__doc__": f"{_row.title}; see :class:`PictureDataset`."}))


@register(DATASETS)
class ImageFolders(PictureDataset):
    """Pictures of a user's own in folders, one for each class, decoded once.

    The options are those of :func:`lanmsff_plugins.data.image_folders.select_folders`; pictures in colour are RGB.
    """

    source = DataSet("ImageFolders", "Pictures in folders", (), select_folders, {}, source="", licence="")
    __signature__ = _signature(source)

    def load_data_list(self) -> list[dict]:
        self._metainfo["classes"] = find_images(self.data_root).classes
        return super().load_data_list()
