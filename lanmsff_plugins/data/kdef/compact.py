"""KDEF's photographs to one compact file of faces, cut out.

    prepare_kdef("downloads", "data/kdef", side=96)
"""
from pathlib import Path

import numpy as np
from PIL import Image

from ...base.progress import progress
from .faces import COMPACT, KDEFFaces, save_compact
from .reader import KDEF_CLASSES, KDEF_VIEWS

__all__ = ["prepare_kdef"]


def prepare_kdef(data_root: str | Path, out: str | Path, side: int = 96, boxes: str | Path = "views"
                 ) -> tuple[Path, dict[str, dict[str, int]]]:
    """Write ``kdef.safetensors``.

    Args:
        data_root: The folder of the JPEGs; each is decoded.
        out: Folder to write to.
        side: Side of a face in pixels, 16 or more; 96 leaves room to crop 64 from.
        boxes: Where the faces are, as for :func:`face_boxes`.

    Returns:
        The file, and the number of faces by class and view.

    Raises:
        ValueError: if ``side`` is below 16.
        FileNotFoundError: if there are no photographs, or no boxes.
        DataError: if a file is not what it should be.
    """
    if side < 16:
        raise ValueError(f"--side must be 16 or more, got {side}")
    faces = KDEFFaces(data_root, boxes=boxes, verify=True)
    cut = np.empty((len(faces), side, side), np.uint8)
    for i in progress(range(len(faces)), "cutting faces", len(faces)):
        cut[i] = np.asarray(Image.fromarray(faces[i]).resize((side, side), Image.Resampling.BICUBIC))
    path = Path(out) / COMPACT
    save_compact(path, faces.images, cut)
    return path, {name: {view: sum(image.label == label and image.view == view for image in faces.images)
                         for view in KDEF_VIEWS} for label, name in enumerate(KDEF_CLASSES)}
