"""FER-2013, FERPlus and KDEF as MMPretrain data sets."""
from pathlib import Path

import numpy as np
from mmpretrain.datasets import BaseDataset

from ..data import (
    FER2013_CLASSES,
    FERPLUS_CLASSES,
    KDEF_CLASSES,
    USAGES,
    DataError,
    Faces,
    label_distributions,
    read_fer2013,
    read_ferplus,
    read_image_names,
    read_kdef,
    split_folds,
)
from ..registry import DATASETS, register

__all__ = ["FER2013", "FERPlus", "KDEF"]

SPLITS = dict(zip(("train", "val", "test"), USAGES))


class _Versions(BaseDataset):
    """A data set that can hold several versions of each of its images, for transforms to tell apart.

    Args:
        data_root: The folder with the official files.
        split: 'train', 'val' or 'test'.
        versions: How many times each image stands in the data set, with ``version`` 0, 1, ... in its
            record. The authors' epoch has four; with one there is no ``version``, and a transform draws.
        **kwargs: ``pipeline``, ``indices`` and the rest of MMPretrain's ``BaseDataset``.

    Raises:
        ValueError: if there is no such split, or ``versions`` is below 1.
        DataError: if the split has no image.
    """

    def __init__(self, data_root: str = "", split: str = "train", versions: int = 1, ann_file: str = "", **kwargs):
        if split not in SPLITS:
            raise ValueError(f"unknown split {split!r}; expected one of {', '.join(SPLITS)}")
        if versions < 1:
            raise ValueError(f"versions must be 1 or more, got {versions}")
        self.split = split
        self.versions = versions
        super().__init__(ann_file=ann_file, data_root=data_root, **kwargs)

    def __len__(self) -> int:
        return super().__len__() * self.versions

    def get_data_info(self, idx: int) -> dict:
        images = super().__len__()
        info = super().get_data_info(idx % images)
        if self.versions > 1:
            info["version"] = idx // images % self.versions
        return info

    def extra_repr(self) -> list[str]:
        return [f"Data root: \t{self.data_root}", f"Split: \t{self.split}"]


class _FacesDataset(_Versions):
    """Faces in memory: the pixels stay in one mapped file, the records hold a face's row."""

    _faces: Faces

    def get_data_info(self, idx: int) -> dict:
        info = super().get_data_info(idx)
        info["img"] = np.array(self._faces.pixels[info["row"]])  # a copy: transforms may write
        info["img_shape"] = info["ori_shape"] = info["img"].shape
        return info

    def _records(self, rows: np.ndarray, labels: np.ndarray) -> list[dict]:
        if len(rows) == 0:
            raise DataError(f"{self.data_root} has no {SPLITS[self.split]} face, which the split {self.split!r} needs")
        return [{"row": int(row), "gt_label": int(labels[row])} for row in rows]


@register(DATASETS)
class FER2013(_FacesDataset):
    """FER-2013 from ``fer2013.csv``: train is Training, val PublicTest, test PrivateTest."""

    METAINFO = {"classes": FER2013_CLASSES}

    def load_data_list(self) -> list[dict]:
        self._faces = read_fer2013(self.data_root)
        rows = np.flatnonzero(self._faces.usage == USAGES.index(SPLITS[self.split]))
        return self._records(rows, self._faces.emotion)


@register(DATASETS)
class FERPlus(_FacesDataset):
    """FERPlus from ``fer2013.csv`` and ``fer2013new.csv``.

    Every record has ``gt_label``, the class with the most of what the mode keeps, and ``gt_score``, the
    distribution; in the mode 'probability' a class is drawn from it each time, as the official code does.

    Args:
        mode: One of ``LABEL_MODES``. The official code validates and tests with 'majority' always.
        **kwargs: As the other data sets.
    """

    METAINFO = {"classes": FERPLUS_CLASSES}

    def __init__(self, data_root: str = "", split: str = "train", mode: str = "majority", **kwargs):
        self.mode = mode
        super().__init__(data_root=data_root, split=split, **kwargs)

    def load_data_list(self) -> list[dict]:
        self._faces, votes = read_ferplus(self.data_root)
        scores = label_distributions(votes, self.mode)
        rows = np.flatnonzero(scores.any(1) & (self._faces.usage == USAGES.index(SPLITS[self.split])))
        records = self._records(rows, scores.argmax(1))
        names = read_image_names(self.data_root)
        for record in records:
            record["gt_score"] = scores[record["row"]]
            record["name"] = str(names[record["row"]])
        return records

    def prepare_data(self, idx: int) -> dict:
        info = self.get_data_info(idx)
        if self.mode == "probability":
            p = info["gt_score"].astype(float)
            info["gt_label"] = int(np.random.choice(len(p), p=p / p.sum()))
            info["gt_score"] = np.eye(len(p), dtype=np.float32)[info["gt_label"]]
        return self.pipeline(info)


@register(DATASETS)
class KDEF(_Versions):
    """KDEF from a folder of its JPEGs, split into folds.

    The test split is one fold, val the next, train the rest. Records have ``person``, ``session``,
    ``sex`` and ``view`` from the file names.

    Args:
        fold: Which fold is the test split, from 0.
        folds: Number of folds.
        split_by: 'person' keeps all images of one person in one fold, the honest way; 'image' deals the
            images out one by one, as most papers do.
        seed: Seed of the deal.
        **kwargs: As the other data sets.
    """

    METAINFO = {"classes": KDEF_CLASSES}

    def __init__(self, data_root: str = "", split: str = "train", fold: int = 0, folds: int = 10,
                 split_by: str = "person", seed: int = 0, **kwargs):
        self.fold, self.folds, self.split_by, self.seed = fold, folds, split_by, seed
        super().__init__(data_root=data_root, split=split, **kwargs)

    def load_data_list(self) -> list[dict]:
        images = read_kdef(self.data_root)
        fold_of = split_folds(images, self.folds, self.split_by, self.seed)
        val_fold = (self.fold + 1) % self.folds
        chosen = {
            "test": fold_of == self.fold,
            "val": fold_of == val_fold,
            "train": (fold_of != self.fold) & (fold_of != val_fold)}[self.split]
        return [
            {"img_path": str(Path(self.data_root) / image.path), "gt_label": image.label, "person": image.person,
             "session": image.session, "sex": image.sex, "view": image.view}
            for image, keep in zip(images, chosen) if keep]
