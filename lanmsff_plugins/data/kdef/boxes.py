"""Where the faces are in KDEF's photographs: one box for each view, or boxes from a file."""
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ...base.errors import DataError
from ..csv_files import iterate_csv
from .reader import KDEFImage, photograph_size

__all__ = ["VIEW_LEFT", "VIEW_SIDE", "VIEW_TOP", "face_boxes"]

# A square of four fifths of a photograph's width, wide enough for every head, that follows the face as it turns away:
# its left edge in widths, its top in heights. Estimates; a detector's boxes from a file are tighter.
VIEW_LEFT = {"FL": 0., "HL": .05, "S": .1, "HR": .15, "FR": .2}
VIEW_TOP, VIEW_SIDE = .18, .8


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
    of_name = None if boxes == "views" else _read_boxes(Path(boxes).expanduser())
    found = []
    for image in images:
        path = data_root / image.path
        width, height = photograph_size(path)
        if of_name is None:
            left, top, side = int(VIEW_LEFT[image.view] * width), int(VIEW_TOP * height), int(VIEW_SIDE * width)
            if top + side > height:
                raise DataError(f"{path} has {width}x{height} pixels, in which the box of its view does not fit; "
                                "expected photographs that are as high as wide or higher, or boxes from a file")
            box = np.array([left, top, left + side, top + side])
        else:
            known = of_name.get(path.name.upper())
            if known is None:
                raise DataError(f"{boxes} has no box for {path.name}; expected one for each image")
            line, box = known
            if box[2] > width or box[3] > height:
                raise DataError(f"{boxes}, line {line}: the box ends at {box[2]},{box[3]}, beyond {path}, which has "
                                f"{width}x{height} pixels")
        found.append(box)
    return np.array(found)


def _read_boxes(path: Path) -> dict[str, tuple[int, np.ndarray]]:
    """Line and box of each image name."""
    if not path.is_file():
        raise FileNotFoundError(f"no boxes at {path}; expected 'views', or a CSV file image,left,top,right,bottom")
    boxes: dict[str, tuple[int, np.ndarray]] = {}
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
