"""The photographs of KDEF's splits, cut out around the faces; from the JPEGs or from one compact file."""
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from safetensors.numpy import save

from ..files import write_atomically
from .csv_files import iterate_csv
from .faces import DataError, map_arrays, pack_names, unpack_names
from .image_files import IMAGE_ERRORS
from .kdef import KDEF_VIEWS, KDEFImage, decode, parse_name, read_kdef, split_folds
from .selection import check_split

__all__ = ["COMPACT", "VIEW_LEFT", "VIEW_SIDE", "VIEW_TOP", "KDEFFaces", "face_boxes", "save_compact"]

COMPACT = "kdef.safetensors"  # what tools/prepare_data.py writes

# A square of four fifths of a photograph's width, wide enough for every head, that follows the face as it turns away:
# its left edge in widths, its top in heights. Estimates; a detector's boxes from a file are tighter.
VIEW_LEFT = {"FL": 0., "HL": .05, "S": .1, "HR": .15, "FR": .2}
VIEW_TOP, VIEW_SIDE = .18, .8


class KDEFFaces:
    """The images of a split and their pixels.

    The test split is one fold, val the next, train the rest, and train+val all but test.

    Args:
        data_root: The folder of the JPEGs, or of the compact file made of them.
        split: A key of ``SPLITS``; None for all images.
        fold: Which fold is the test split, from 0.
        folds: Number of folds.
        by: 'person' keeps all images of one person in one fold, 'image' does not.
        seed: Seed of the deal.
        views: Which views to use; the folds do not depend on them.
        boxes: None for whole photographs, 'views' for one box for each view, or a CSV file: see :func:`face_boxes`.
        verify: Decode every photograph now.

    Attributes:
        images: list of :class:`KDEFImage`.
        boxes: (N, 4) boxes in pixels, or None for whole photographs.
        compact: Whether the pixels come from a compact file.

    Raises:
        ValueError: if there is no such split, fold or view.
        DataError: if a file is not what it should be, or if no image is left.
    """

    def __init__(self, data_root: str | Path, split: str | None = None, fold: int = 0, folds: int = 10,
                 by: str = "person", seed: int = 0, views: Sequence[str] = tuple(KDEF_VIEWS),
                 boxes: str | Path | None = None, verify: bool = False):
        if split is not None:
            check_split(split)
        if unknown := [view for view in views if view not in KDEF_VIEWS]:
            raise ValueError(f"unknown view {unknown[0]!r}; expected some of {', '.join(KDEF_VIEWS)}")
        if not 0 <= fold < folds:
            raise ValueError(f"fold must be 0 to {folds - 1}, got {fold}")
        self.root = Path(data_root)
        self.compact = (self.root / COMPACT).is_file()
        if self.compact and boxes is not None:
            raise ValueError(f"{self.root / COMPACT} holds faces that are cut out already; give boxes when it is made")
        images = _read_compact(self.root / COMPACT) if self.compact else read_kdef(self.root, verify)
        keep = np.isin([image.view for image in images], list(views))
        if split is not None:
            fold_of = split_folds(images, folds, by, seed)
            val = (fold + 1) % folds
            keep &= {"test": fold_of == fold, "val": fold_of == val, "train+val": fold_of != fold,
                     "train": (fold_of != fold) & (fold_of != val)}[split]
        self._rows = np.flatnonzero(keep)
        self.images = [images[row] for row in self._rows]
        if not self.images:
            raise DataError(f"{self.root} has no image in fold {fold} of {folds} for the split {split!r} and the views "
                            f"{', '.join(views)}")
        self.boxes = None if boxes is None else face_boxes(self.root, self.images, boxes)

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, idx: int) -> np.ndarray:
        """(H, W) uint8, the grey photograph or its face."""
        if self.compact:
            return np.array(map_arrays(self.root / COMPACT)["pixels"][self._rows[idx]])
        photograph = decode(self.root / self.images[idx].path)
        if self.boxes is not None:
            photograph = photograph.crop(tuple(self.boxes[idx].tolist()))
        return np.array(photograph)


def face_boxes(data_root: Path, images: Sequence[KDEFImage], boxes: str | Path) -> np.ndarray:
    """Where the faces are.

    Args:
        data_root: The folder of the images.
        images: Those to find boxes for.
        boxes: 'views' for the squares above; or a CSV file with the columns ``image,left,top,right,bottom``: the
            file's name, and pixels from the photograph's upper left corner, right and bottom exclusive.

    Returns:
        (N, 4) int: left, top, right, bottom.

    Raises:
        FileNotFoundError: if there is no such file.
        DataError: if it is not such a file, has no box for an image, or one that is not inside it.
    """
    of_name = None if boxes == "views" else _read_boxes(Path(boxes))
    found = []
    for image in images:
        path = data_root / image.path
        try:
            with Image.open(path) as photograph:
                size = np.array(photograph.size * 2)
        except IMAGE_ERRORS as error:
            raise DataError(f"{path} cannot be read as an image ({error}); get the file anew") from None
        if of_name is None:
            left, top, side = VIEW_LEFT[image.view] * size[0], VIEW_TOP * size[1], VIEW_SIDE * size[0]
            box = np.array([int(left), int(top), int(left) + int(side), int(top) + int(side)])
        else:
            line, box = of_name.get(path.name.upper(), (0, None))
            if box is None:
                raise DataError(f"{boxes} has no box for {path.name}; expected one for each image")
            if (box[2:] > size[2:]).any():
                raise DataError(f"{boxes}, line {line}: the box ends at {box[2]},{box[3]}, beyond {path}, which has "
                                f"{size[0]}x{size[1]} pixels")
        found.append(box)
    return np.array(found)


def _read_boxes(path: Path) -> dict[str, tuple[int, np.ndarray]]:
    """Line and box of each image name."""
    if not path.is_file():
        raise FileNotFoundError(f"no boxes at {path}; expected 'views', or a CSV file image,left,top,right,bottom")
    boxes = {}
    for line, (name, *sides) in iterate_csv(path, ("image", "left", "top", "right", "bottom")):
        if not all(side.isascii() and side.isdigit() and len(side) < 6 for side in sides):
            raise DataError(f"{path}, line {line}: got {','.join(sides)[:60]!r}, expected left, top, right, bottom in "
                            "whole pixels from 0")
        box = np.array([int(side) for side in sides])
        if (box[:2] >= box[2:]).any():
            raise DataError(f"{path}, line {line}: the box {','.join(sides)} is empty; expected left < right and "
                            "top < bottom")
        if name.upper() in boxes:
            raise DataError(f"{path}, line {line}: {name[:40]!r} has a box on line {boxes[name.upper()][0]} already")
        boxes[name.upper()] = line, box
    return boxes


def save_compact(path: str | Path, images: Sequence[KDEFImage], faces: np.ndarray) -> None:
    """Write faces (N, S, S) uint8 of ``images`` for :class:`KDEFFaces`: names tell all else."""
    names = np.array([image.path.encode() for image in images])
    write_atomically(path, save({"pixels": np.ascontiguousarray(faces), "names": pack_names(names)}))


def _read_compact(path: Path) -> list[KDEFImage]:
    arrays = map_arrays(path)
    if arrays.keys() != {"pixels", "names"} or arrays["pixels"].ndim != 3 or arrays["names"].ndim != 2 or len(
            arrays["pixels"]) != len(arrays["names"]):
        raise DataError(f"{path} does not hold KDEF's faces as this library writes them; make it anew by "
                        "tools/prepare_data.py")
    images = []
    for name in unpack_names(arrays["names"]).tolist():
        try:
            images.append(KDEFImage(name.decode(), *parse_name(name.decode())))
        except ValueError as error:
            raise DataError(f"{path}: {error}") from None
    return images
