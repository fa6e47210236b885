"""The photographs of KDEF's splits, cut out around the faces; from the JPEGs or from one compact file.

    selected = select_kdef("data/kdef", "test", boxes="views")
"""
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from safetensors.numpy import save

from ...base.errors import DataError, unknown
from ...base.files import write_atomically
from ...pictures import read_picture
from ..cache import map_arrays, pack_names, unpack_names
from ..folders import check_link, expand
from ..splits import Selection, check_split
from .boxes import face_boxes
from .reader import KDEF_VIEWS, KDEFImage, parse_name, read_kdef, split_folds

__all__ = ["COMPACT", "KDEFFaces", "save_compact", "select_kdef"]

COMPACT = "kdef.safetensors"  # what `lanmsff prepare --kdef` writes


class KDEFFaces:
    """The images of a split and their pixels.

    The test split is one fold, val the next, train the rest, and train+val all but test.

    Args:
        data_root: The folder of the JPEGs, or of the compact file made of them; or the path of that file.
        split: A key of ``SPLITS``; None for all images.
        fold: Which fold is the test split, from 0.
        folds: Number of folds.
        split_by: 'person' keeps all images of one person in one fold, 'image' does not.
        seed: Seed of the deal.
        views: Which views to use; the folds do not depend on them.
        boxes: None for whole photographs, 'views' for one box for each view, or a CSV file: see :func:`face_boxes`.
        verify: Decode every photograph now.

    Attributes:
        images: list of :class:`KDEFImage`.
        rows: (M,) the place of each among all images.
        boxes: (N, 4) boxes in pixels, or None for whole photographs.
        compact: Whether the pixels come from a compact file.

    Raises:
        ValueError: if there is no such split, fold or view.
        DataError: if a file is not what it should be, or if no image is left.
    """

    def __init__(self, data_root: str | Path, split: str | None = None, fold: int = 0, folds: int = 10,
                 split_by: str = "person", seed: int = 0, views: Sequence[str] = tuple(KDEF_VIEWS),
                 boxes: str | Path | None = None, verify: bool = False):
        if split is not None:
            check_split(split)
        if wrong := [view for view in views if view not in KDEF_VIEWS]:
            raise ValueError(unknown("view", wrong[0], KDEF_VIEWS))
        if not 0 <= fold < folds:
            raise ValueError(f"fold must be 0 to {folds - 1}, got {fold}")
        self.root = expand(data_root)
        if self.root.name == COMPACT and self.root.is_file():
            self.root = self.root.parent
        check_link(self.root / COMPACT)
        self.compact = (self.root / COMPACT).is_file()
        if self.compact and boxes is not None:
            raise ValueError(f"{self.root / COMPACT} holds faces that are cut out already; give boxes when it is made")
        images = _read_compact(self.root / COMPACT) if self.compact else read_kdef(self.root, verify)
        keep = np.isin([image.view for image in images], list(views))
        if split is not None:
            fold_of = split_folds(images, folds, split_by, seed)
            val = (fold + 1) % folds
            keep &= {"test": fold_of == fold, "val": fold_of == val, "train+val": fold_of != fold,
                     "train": (fold_of != fold) & (fold_of != val)}[split]
        self.rows = np.flatnonzero(keep)
        self.images = [images[row] for row in self.rows]
        if not self.images:
            raise DataError(f"{self.root} has no image in fold {fold} of {folds} for the split {split!r} and the views "
                            f"{', '.join(views)}")
        self.boxes = None if boxes is None else face_boxes(self.root, self.images, boxes)

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, idx: int) -> np.ndarray:
        """(H, W) uint8, the grey photograph or its face."""
        if self.compact:
            return np.array(map_arrays(self.root / COMPACT)["pixels"][self.rows[idx]])
        photograph = read_picture(self.root / self.images[idx].path)
        if self.boxes is None:
            return photograph
        left, top, right, bottom = self.boxes[idx].tolist()
        return photograph[top:bottom, left:right]


def select_kdef(data_root: str | Path, split: str, fold: int = 0, folds: int = 10, split_by: str = "person",
                seed: int = 0, views: Sequence[str] = tuple(KDEF_VIEWS), boxes: str | Path | None = None,
                verify: bool = False) -> Selection:
    """The photographs of a split, with the ``person``, ``session``, ``sex`` and ``view`` of each.

    The arguments are those of :class:`KDEFFaces`; ``split`` is one of ``SPLITS``.
    """
    faces = KDEFFaces(data_root, split, fold, folds, split_by, seed, views, boxes, verify)
    images = faces.images
    details = {name: np.array([getattr(image, name) for image in images])
               for name in ("person", "session", "sex", "view")}
    paths = None if faces.compact or faces.boxes is not None else [faces.root / image.path for image in images]
    return Selection(faces, faces.rows, np.array([image.label for image in images]),
                     np.array([Path(image.path).name for image in images]), details=details, paths=paths)


def save_compact(path: str | Path, images: Sequence[KDEFImage], faces: np.ndarray) -> None:
    """Write faces (N, S, S) uint8 of ``images`` for :class:`KDEFFaces`: names tell all else."""
    names = np.array([image.path.encode() for image in images])
    write_atomically(path, save({"pixels": np.ascontiguousarray(faces), "names": pack_names(names)}))


def _read_compact(path: Path) -> list[KDEFImage]:
    arrays = map_arrays(path)
    if arrays.keys() != {"pixels", "names"} or arrays["pixels"].ndim != 3 or arrays["names"].ndim != 2 or len(
            arrays["pixels"]) != len(arrays["names"]):
        raise DataError(f"{path} does not hold KDEF's faces as this library writes them; make it anew by "
                        "`lanmsff prepare`")
    images: dict[tuple, KDEFImage] = {}  # by what the names tell
    for packed in unpack_names(arrays["names"]).tolist():
        name = packed.decode(errors="replace")
        try:
            told = parse_name(name)
        except ValueError as error:
            raise DataError(f"{path}: {error}") from None
        if told in images:
            raise DataError(f"{path} holds {images[told].path} and {name}, the same photograph by their names; make it "
                            "anew by `lanmsff prepare`")
        images[told] = KDEFImage(name, *told)
    return list(images.values())
