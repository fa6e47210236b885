"""The audit of a whole data set: a report as plain numbers, and the pictures worth a look."""
import io
import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from ...base.errors import DataError
from ...base.files import write_atomically
from ...base.progress import progress
from ...pictures import read_picture
from ..contact_sheet import contact_sheet
from ..face_list import write_face_list
from ..fer2013.faces import FER2013_CLASSES, UNLABELLED, USAGES, Faces
from ..fer2013.reader import read_fer2013
from ..folders import expand
from ..kdef.reader import (
    KDEF_CLASSES,
    KDEF_VIEWS,
    KDEFImage,
    find_photographs,
    is_black,
    parse_name,
    photograph_size,
    split_folds,
)
from .copies import NEAR, Pair, class_balance, constant_rows, copies_across, exact_groups, fold_overlap, near_pairs

__all__ = ["Audit", "audit_faces", "audit_kdef"]

_ACROSS = (("PrivateTest", "Training"), ("PublicTest", "Training"), ("PrivateTest", "PublicTest"))
_WORST = 96  # pictures on a sheet
_SHEET_SIDE = 64  # pixels of a photograph on a sheet


@dataclass
class Audit:
    """What was found.

    Attributes:
        report: Plain numbers, names and lists, to be written as JSON.
        worst: The pictures worth a look, with a caption each.
        lists: Rows to leave out of a split, by the name of the list.
        pixels: (N, H, W) uint8, the faces that the rows are of; None where there is no list.
    """

    report: dict
    worst: list[tuple[np.ndarray, str]] = field(default_factory=list)
    lists: dict[str, np.ndarray] = field(default_factory=dict)
    pixels: np.ndarray | None = None

    def sheet(self) -> Image.Image | None:
        """The worst pictures in one; None if there is none."""
        return contact_sheet(*zip(*self.worst)) if self.worst else None

    def save(self, out: Path) -> None:
        """Write the report as ``audit.json``, the worst pictures as ``worst.png``, and each list."""
        for name, rows in self.lists.items():
            assert self.pixels is not None  # a list is of rows of them
            usage, kind = name.partition("_")[0], "copies or nearly so" if "near" in name else "pixel-exact copies"
            write_face_list(out / f"{name}.txt", self.pixels, rows, f"{usage} faces that are {kind} of Training faces.")
        write_atomically(out / "audit.json", json.dumps(self.report, indent=1).encode())
        sheet = self.sheet()
        if sheet is not None:
            picture = io.BytesIO()
            sheet.save(picture, "PNG")
            write_atomically(out / "worst.png", picture.getvalue())


def audit_fer2013(data_root: str | Path, near: float = NEAR) -> Audit:
    """As :func:`audit_faces`, of the folder that :func:`read_fer2013` reads."""
    return audit_faces(read_fer2013(data_root), near)


def audit_faces(faces: Faces, near: float = NEAR) -> Audit:
    """Copies within and across the splits, classes, and pictures of one value.

    Args:
        faces: What :func:`read_fer2013` gave.
        near: Correlation from which two pictures are taken for one.

    Returns:
        The audit. Its lists hold, for each test, the rows that are copies of a Training face, and those that
        are copies or nearly so.
    """
    groups, pairs, constant = exact_groups(faces.pixels), near_pairs(faces.pixels, near), constant_rows(faces.pixels)
    linked = [*groups, *([pair.first, pair.second] for pair in pairs)]
    conflicts = [rows for rows in groups if len(set(faces.emotion[rows].tolist()) - {UNLABELLED}) > 1]

    def across(found: list) -> dict[str, int]:
        return {f"{of} in {in_}": len(copies_across(found, faces.usage, USAGES.index(of), USAGES.index(in_)))
                for of, in_ in _ACROSS}

    report = {
        "faces": len(faces),
        "classes": class_balance(faces),
        "exact copies": {"groups": len(groups), "faces": sum(map(len, groups)), "across": across(groups),
                         "groups with two labels": len(conflicts), "rows": groups},
        "near copies": {"correlation": near, "pairs": len(pairs), "across, with the exact ones": across(linked),
                        "rows": [[pair.first, pair.second, pair.correlation] for pair in pairs]},
        "constant pictures": {"faces": len(constant), "rows": constant.tolist()}}
    lists = {}
    for usage in (1, 2):
        lists[f"{USAGES[usage]}_copies"] = copies_across(groups, faces.usage, usage, 0)
        lists[f"{USAGES[usage]}_near_copies"] = copies_across(linked, faces.usage, usage, 0)
    return Audit(report, _worst_faces(faces, constant, conflicts, pairs), lists, faces.pixels)


def _worst_faces(faces: Faces, constant: np.ndarray, conflicts: list[list[int]], pairs: list[Pair]
                 ) -> list[tuple[np.ndarray, str]]:
    """Constant pictures, then copies with two labels, then near copies in two splits: of each a share of a sheet."""
    def is_across(rows) -> bool:
        return len(set(faces.usage[list(rows)].tolist())) > 1

    copies = [row for rows in sorted(conflicts, key=is_across, reverse=True) for row in rows[:2]]
    near = [row for pair in pairs for row in (pair.first, pair.second) if is_across((pair.first, pair.second))]
    rows = [*constant[:12].tolist(), *copies[:48]]
    rows += near[:_WORST - len(rows)]
    return [(np.array(faces.pixels[row]), _caption(faces, row)) for row in rows]


def _caption(faces: Faces, row: int) -> str:
    emotion = int(faces.emotion[row])
    return f"{row} {FER2013_CLASSES[emotion][:3] if emotion != UNLABELLED else ''}"


def audit_kdef(data_root: str | Path, folds: int = 10, seed: int = 0) -> Audit:
    """Every photograph of KDEF decoded: names, damage, black and constant pictures, copies, people in two folds.

    Args:
        data_root: The folder that :func:`read_kdef` reads; what that refuses is reported here.
        folds: Number of folds whose overlap is counted.
        seed: Seed of the folds.
    """
    root = expand(data_root)
    images, misnamed, damaged, black, small = [], [], [], [], []
    paths = find_photographs(root)
    for path in progress(paths, "reading KDEF", len(paths)):
        name = str(path.relative_to(root))
        try:
            image = KDEFImage(name, *parse_name(name))
        except ValueError:
            misnamed.append(name)
            continue
        try:
            photograph_size(path)
            photograph = read_picture(path)
        except DataError as error:
            damaged.append(str(error))
            continue
        if is_black(photograph):
            black.append(name)
            continue
        images.append(image)
        small.append(np.array(Image.fromarray(photograph).resize((_SHEET_SIDE, _SHEET_SIDE), Image.Resampling.BOX)))
    pixels = np.array(small, np.uint8).reshape(-1, _SHEET_SIDE, _SHEET_SIDE)
    groups, constant = exact_groups(pixels), constant_rows(pixels)
    told = Counter((image.person, image.session, image.label, image.view) for image in images)
    report = {
        "images": len(images), "people": len({image.person for image in images}),
        "classes": _count(images, lambda image: KDEF_CLASSES[image.label], KDEF_CLASSES),
        "views": _count(images, lambda image: image.view, KDEF_VIEWS),
        "misnamed": misnamed, "damaged": damaged, "black": black,
        "twice by name": sum(count > 1 for count in told.values()),
        "constant pictures": [images[row].path for row in constant],
        "copies": [[images[row].path for row in rows] for rows in groups],
        "people in two folds": {
            by: fold_overlap(images, split_folds(images, folds, by, seed)) for by in ("person", "image")
            if folds <= len({image.person for image in images})}}
    rows = [*constant.tolist(), *(row for group in groups for row in group[:2])][:_WORST]
    return Audit(report, [(pixels[row], Path(images[row].path).stem) for row in rows])


def _count(images: list[KDEFImage], key, names) -> dict[str, int]:
    counts = Counter(map(key, images))
    return {name: counts[name] for name in names}
