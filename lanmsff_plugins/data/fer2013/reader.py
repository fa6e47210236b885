"""FER-2013: 35,887 grey faces of 48x48 pixels, in any of the layouts that people have it in.

Source: Goodfellow et al., Challenges in Representation Learning, 2013 - https://arxiv.org/abs/1307.0414
"""
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from ...base.errors import DataError
from ..cache import cached
from ..folders import check_link, expand
from .csv_layouts import parse_kaggle_csvs, parse_usage_csv
from .faces import FER2013_CLASSES, UNLABELLED, USAGES, Faces
from .image_layouts import find_images, find_parquet, parse_images, parse_parquet

__all__ = ["COMPACT", "read_fer2013"]

COMPACT = "fer2013.safetensors"  # what `lanmsff prepare` writes

_TABLES = (COMPACT, "fer2013.csv", "icml_face_data.csv", "train.csv")  # files by their names, in order of preference

_PARSER_VERSION = 1
_FACES = np.array([28_709, 3_589, 3_589])  # by usage
_LABELS = {  # faces of each class: no other order of classes has these
    "Training": [3995, 436, 4097, 7215, 4830, 3171, 4965], "the two tests": [958, 111, 1024, 1774, 1247, 831, 1233]}


def read_fer2013(data_root: str | Path) -> Faces:
    """Read all three splits from the first layout of these that the folder holds:

    - ``fer2013.safetensors``, which ``lanmsff prepare`` makes of any of the others;
    - ``fer2013.csv``, or ``icml_face_data.csv`` with the same columns in another order;
    - ``train.csv`` and ``test.csv``, whose faces have no labels: its first half is PublicTest;
    - ``train-*.parquet`` and the like, there or in ``data/``, with ``image`` and ``label``;
    - folders of images, ``train/angry/...`` or ``FER2013Train/...`` as the code of FERPlus writes them.

    The classes stand in the CSV's order, whatever the layout's. A ``test`` that mixes PublicTest and
    PrivateTest is told apart by the prefix of the images' names, as in ``PublicTest_123.jpg``.

    The first reading takes seconds; it leaves a cache that later ones map into memory.

    Args:
        data_root: The folder that holds the layout, or the path of one of the first three files in it; ``~`` is the
            user's home.

    Returns:
        The faces. Those of CSV files are in the official order; those of images are sorted by usage and name.

    Raises:
        FileNotFoundError: if there is none; the message says where to get it.
        DataError: if a file is not what it should be, or does not tell PublicTest from PrivateTest; the
            message names the file, and the line and column of a table.
        ImportError: if the folder holds parquet files and pyarrow is not installed.
    """
    root = expand(data_root)
    if root.is_file() and root.name not in _TABLES:
        raise DataError(f"{root} is a file; expected the folder of FER-2013, or one of the files {', '.join(_TABLES)}")
    folder, names = (root.parent, [root.name]) if root.name in _TABLES and not root.is_dir() else (root, _TABLES)
    for path in (folder / name for name in names):
        check_link(path)
        if path.is_file():
            return _checked(_read_table(path), path)
    if files := find_parquet(root):
        return _checked(_cached(root / "parquet", files, partial(parse_parquet, files)), files[0])
    if images := find_images(root):
        return _checked(_cached(root / "images", images, partial(parse_images, root, images)), images[0])
    raise FileNotFoundError(
        f"no FER-2013 at {folder / (names[0] if len(names) == 1 else 'fer2013.csv')}: get fer2013.csv from Kaggle "
        "(challenges-in-representation-learning-facial-expression-recognition-challenge) and set data_root to its "
        f"folder, or draw synthetic faces in its format by `lanmsff draw {folder}`; icml_face_data.csv, train.csv and "
        "test.csv, parquet files, and folders train/angry and so on are read, too")


def _read_table(path: Path) -> Faces:
    """What one of ``_TABLES`` holds."""
    if path.name == COMPACT:
        return Faces.open(path)
    if path.name != "train.csv":
        return _cached(path.with_suffix(""), [path], partial(parse_usage_csv, path))
    test = path.with_name("test.csv")
    check_link(test)
    tables = [path, test] if test.is_file() else [path]
    return _cached(path.with_suffix(""), tables, partial(parse_kaggle_csvs, *tables))


def _cached(stem: Path, sources: Sequence[str | Path], parse: Callable[[], Faces]) -> Faces:
    cache = stem.with_name(f"{stem.name}.cache.safetensors")
    return cached(cache, sources, parse, _PARSER_VERSION, Faces.open, Faces.save)


def _checked(faces: Faces, path: str | Path) -> Faces:
    """Refuse what has as many faces as FER-2013 and is not split, or not labelled, as it is."""
    counts = np.bincount(faces.usage, minlength=len(USAGES))
    if len(faces) == _FACES.sum() and (counts != _FACES).any():
        raise DataError(f"{path} belongs to all {len(faces):,} faces of FER-2013 in another split, {_text(counts)}; "
                        f"expected {_text(_FACES)}; get fer2013.csv")
    for (name, official), chosen in zip(_LABELS.items(), (faces.usage == 0, faces.usage > 0)):
        labels = faces.emotion[chosen]
        if len(labels) == sum(official) and (labels != UNLABELLED).all():
            found = np.bincount(labels, minlength=len(FER2013_CLASSES))
            if (found != official).any():
                raise DataError(f"{path}: the classes of {name} have {_text(found)} faces, expected {_text(official)} "
                                f"({', '.join(FER2013_CLASSES)}); do the labels follow another order of classes?")
    return faces


def _text(counts: Iterable[int]) -> str:
    return " ".join(f"{count:,}" for count in counts)
