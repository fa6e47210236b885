"""FER-2013, FERPlus and KDEF as MMPretrain data sets."""
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from mmcv.transforms import LoadImageFromFile
from mmpretrain.datasets import BaseDataset

from ..analysis.scores import Predictions
from ..data import FER2013_CLASSES, FERPLUS_CLASSES, KDEF_CLASSES, KDEF_VIEWS, DataError
from ..data.kdef_faces import KDEFFaces
from ..data.selection import Selection, check_split, select_fer2013, select_ferplus
from ..registry import DATASETS, register

__all__ = ["FER2013", "FERPlus", "KDEF"]


class _Versions(BaseDataset):
    """A data set that can hold several versions of each of its images, for transforms to tell apart.

    Args:
        data_root: The folder with the official files.
        split: 'train', 'val' or 'test'; 'train+val' has both, as RAN and its followers train.
        versions: How many times each image stands in the data set, with ``version`` 0, 1, ... in its
            record. The authors' epoch has four; with one there is no ``version``, and a transform draws.
        **kwargs: ``pipeline``, ``indices`` and the rest of MMPretrain's ``BaseDataset``.

    Raises:
        ValueError: if there is no such split, or ``versions`` is below 1.
        DataError: if the split has no image.
    """

    def __init__(self, data_root: str = "", split: str = "train", versions: int = 1, ann_file: str = "", **kwargs):
        check_split(split)
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
    """Faces in memory: the pixels stay in one mapped file, the records hold a face's row.

    Args:
        exclude: A list of faces to leave out; ``tools/audit_data.py`` writes some.
        teacher: Predictions of another network for these faces, as ``tools/test.py --split train`` writes them,
            to learn from beside the labels (Hinton et al., 2015 - https://arxiv.org/abs/1503.02531); or those of
            several networks, for their mean. Each record then has a ``gt_score``, in which labels and predictions
            count one half each.
        **kwargs: As above.

    Raises:
        DataError: if the teacher says nothing of some face, or knows other classes.
    """

    def __init__(self, data_root: str = "", split: str = "train", exclude: str | None = None,
                 teacher: str | Sequence[str] | None = None, **kwargs):
        self.exclude = exclude
        self.teachers = [teacher] if isinstance(teacher, str) else teacher
        super().__init__(data_root=data_root, split=split, **kwargs)

    def select(self) -> Selection:
        raise NotImplementedError

    def load_data_list(self) -> list[dict]:
        selected = self.select()
        self._faces = selected.faces
        records = [{"row": int(row), "name": str(name), "gt_label": int(label)}
                   for row, name, label in zip(selected.rows, selected.names, selected.labels)]
        scores = selected.scores
        if self.teachers:
            classes = len(self.METAINFO["classes"])
            own = np.eye(classes)[selected.labels] if scores is None else scores
            taught = np.mean([_predicted(path, selected.rows, classes) for path in self.teachers], axis=0)
            scores = ((own + taught) / 2).astype(np.float32)
        if scores is not None:
            for record, score in zip(records, scores):
                record["gt_score"] = score
        return records

    def get_data_info(self, idx: int) -> dict:
        info = super().get_data_info(idx)
        info["img"] = np.array(self._faces.pixels[info["row"]])  # a copy: transforms may write
        info["img_shape"] = info["ori_shape"] = info["img"].shape
        return info


def _predicted(path: str, rows: np.ndarray, classes: int) -> np.ndarray:
    """(N, classes) scores that a file of predictions has for the faces of some rows."""
    predictions = Predictions.load(path)
    if predictions.scores.shape[1] != classes:
        raise DataError(f"{path} has scores of {predictions.scores.shape[1]} classes, expected {classes}; is it of "
                        "another data set?")
    scores = dict(zip(predictions.rows.tolist(), predictions.scores))
    missing = np.setdiff1d(rows, predictions.rows)
    if len(missing):
        raise DataError(f"{path} says nothing of {len(missing):,} of {len(rows):,} faces, such as row {missing[0]}; "
                        "predict them by tools/test.py --split train, with the same label mode")
    return np.stack([scores[row] for row in rows.tolist()])


@register(DATASETS)
class FER2013(_FacesDataset):
    """FER-2013 in any layout: train is Training, val PublicTest, test PrivateTest."""

    METAINFO = {"classes": FER2013_CLASSES}

    def select(self) -> Selection:
        return select_fer2013(self.data_root, self.split, self.exclude)


@register(DATASETS)
class FERPlus(_FacesDataset):
    """FERPlus: FER-2013 in any layout, and ``fer2013new.csv``.

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

    def select(self) -> Selection:
        return select_ferplus(self.data_root, self.split, self.mode, self.exclude)

    def prepare_data(self, idx: int) -> dict:
        info = self.get_data_info(idx)
        if self.mode == "probability":
            p = info["gt_score"].astype(float)
            info["gt_label"] = int(np.random.choice(len(p), p=p / p.sum()))
            info["gt_score"] = np.eye(len(p), dtype=np.float32)[info["gt_label"]]
        return self.pipeline(info)


@register(DATASETS)
class KDEF(_Versions):
    """KDEF from a folder of its JPEGs, or from the file that ``tools/prepare_data.py`` makes of it, in folds.

    The test split is one fold, val the next, train the rest. Records have ``person``, ``session``,
    ``sex`` and ``view`` from the file names.

    Args:
        fold: Which fold is the test split, from 0.
        folds: Number of folds.
        split_by: 'person' keeps all images of one person in one fold, the honest way; 'image' deals the
            images out one by one, as most papers do.
        seed: Seed of the deal.
        views: Which views to use; the folds do not depend on them.
        boxes: Where the faces are: 'views' for one box for each view, or a CSV file. The records then hold
            the face as ``img``, and the pipeline needs no ``LoadImageFromFile``. None gives the file's path.
        verify: Decode every photograph first, so that no damaged one ends a training.
        **kwargs: As the other data sets.
    """

    METAINFO = {"classes": KDEF_CLASSES}

    def __init__(self, data_root: str = "", split: str = "train", fold: int = 0, folds: int = 10,
                 split_by: str = "person", seed: int = 0, views: Sequence[str] = tuple(KDEF_VIEWS),
                 boxes: str | None = None, verify: bool = False, **kwargs):
        self.options = dict(fold=fold, folds=folds, by=split_by, seed=seed, views=views, boxes=boxes, verify=verify)
        super().__init__(data_root=data_root, split=split, **kwargs)

    def load_data_list(self) -> list[dict]:
        self._faces = KDEFFaces(self.data_root, self.split, **self.options)
        self._cut_out = self._faces.compact or self._faces.boxes is not None
        if self._cut_out and any(isinstance(transform, LoadImageFromFile) for transform in self.pipeline.transforms):
            raise ValueError(f"{self.data_root} gives faces cut out; leave LoadImageFromFile out of its pipeline")
        records = [
            {"index": i, "gt_label": image.label, "person": image.person, "session": image.session, "sex": image.sex,
             "view": image.view} for i, image in enumerate(self._faces.images)]
        if not self._cut_out:
            for record, image in zip(records, self._faces.images):
                record["img_path"] = str(Path(self.data_root) / image.path)
        return records

    def get_data_info(self, idx: int) -> dict:
        info = super().get_data_info(idx)
        if self._cut_out:
            info["img"] = self._faces[info["index"]]
            info["img_shape"] = info["ori_shape"] = info["img"].shape
        return info
