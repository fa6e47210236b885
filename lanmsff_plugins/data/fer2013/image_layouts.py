"""FER-2013 as image files, in folders or in parquet: class and usage are read from names.

Both have the classes in alphabetical order and mostly hold PublicTest and PrivateTest as one ``test``; so
classes are taken by name, and a test without the images' ``PublicTest_`` or ``PrivateTest_`` is refused.
"""
import json
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

import numpy as np

from ...base.errors import DataError, one_line
from ...base.progress import progress
from ...pictures import opened, to_array
from ..folders import check_link, is_circle, list_folder, walk
from .faces import FER2013_CLASSES, SIDE, UNLABELLED, USAGES, Faces

__all__ = ["find_images", "find_parquet", "parse_images", "parse_parquet"]

_TEST = len(USAGES)  # PublicTest and PrivateTest in one
_SPLITS = {  # the folders and parquet files of the layouts in use
    "train": 0, "training": 0, "fer2013train": 0,
    "val": 1, "valid": 1, "validation": 1, "publictest": 1, "fer2013valid": 1,
    "test": _TEST, "privatetest": 2, "fer2013test": 2}
_CLASSES = {name: label for label, names in enumerate((
    ("angry", "anger"), ("disgust", "disgusted"), ("fear", "fearful"), ("happy", "happiness"), ("sad", "sadness"),
    ("surprise", "surprised"), ("neutral",))) for name in names}
_SUFFIXES = (".jpg", ".jpeg", ".png")
_Image = tuple[str, str, int, str, bytes]  # its place for messages, split, class, name and content
_NO_IMAGES = ("label.csv", "thumbs.db", "desktop.ini")  # what FERPlus's code and systems leave among them


def find_images(root: Path) -> list[str]:
    """The paths of the images in ``train``, ``test`` and the like below ``root``, sorted; empty if there are none.

    Links are followed. An image that several links lead to is listed once.

    Raises:
        DataError: if a folder or a file there has a name that no layout has; if a class has no images; if a link
            points to nothing, or makes one image stand in two splits or classes.
    """
    images: dict[Path, str] = {}  # by the places where they really are
    for folder in sorted(root.iterdir() if root.is_dir() else []):
        if folder.name.lower() not in _SPLITS:
            continue
        check_link(folder)
        for place, image in _images_of_split(folder) if folder.is_dir() else ():
            first = images.setdefault(place, image)
            if first is not image and _meaning(first, root) != _meaning(image, root):
                raise DataError(f"{image} and {first} are one file by a link, in two splits or classes; remove the "
                                "link, or put the images that belong there in its place")
    return sorted(images.values())


def _images_of_split(folder: Path) -> Iterator[tuple[Path, str]]:
    """Each image in ``folder`` and in the folders of classes there: where it really is, and its path."""
    classes, _ = list_folder(folder)
    for inside in (folder, *(path for path in classes if not is_circle(path))):
        deeper, files = list_folder(inside)
        if inside != folder:
            files += [file for path in deeper if not is_circle(path) for found in walk(path) for file in found]
        real = inside.resolve()
        images = [file for file in files if file.name.lower() not in _NO_IMAGES]
        if inside != folder and not images:
            raise DataError(f"{inside} holds no images; get the data set anew, or remove the folder")
        for file in sorted(images, key=os.DirEntry.is_symlink):  # a link's name counts if it alone leads to an image
            path = Path(file.path)
            if path.parent != inside or path.suffix.lower() not in _SUFFIXES:
                raise DataError(f"{path} is no image of FER-2013; expected .jpg or .png, in {folder.name}/CLASS/ or in "
                                f"{folder.name}/; move it elsewhere")
            yield path.resolve() if file.is_symlink() else real / file.name, file.path


def _meaning(image: str, root: Path) -> tuple:
    """The split and the class that an image's place stands for."""
    split, *label = Path(image).relative_to(root).parent.parts
    return _SPLITS[split.lower()], [_CLASSES.get(name.lower(), name) for name in label]


def parse_images(root: Path, images: list[str]) -> Faces:
    """The faces in folders ``SPLIT/CLASS/NAME``, or ``SPLIT/NAME`` without labels."""
    def read() -> Iterator[_Image]:
        for path in map(Path, progress(images, "reading images", len(images))):
            split, *label, name = path.relative_to(root).parts
            yield str(path), split.lower(), _label(label[0], path) if label else UNLABELLED, name, path.read_bytes()

    return _faces(root, read())


def find_parquet(root: Path) -> list[Path]:
    """The parquet files in ``root`` or in its folder ``data``, sorted; empty if there are none."""
    return sorted(root.glob("*.parquet")) or sorted((root / "data").glob("*.parquet"))


def parse_parquet(files: list[Path]) -> Faces:
    """The faces in parquet files ``SPLIT-*.parquet`` with the columns ``image`` and ``label``.

    Labels are numbers in the order that the file's metadata say, by default the alphabetical one.
    """
    return _faces(files[0].parent, (image for path in files for image in _read_parquet(path)))


def _read_parquet(path: Path) -> Iterator[_Image]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:  # not there, or too new for this NumPy
        raise ImportError(f"{path} is a parquet file, which pyarrow reads ({error}): "
                          "pip install 'lanmsff-plugins[parquet]'") from None
    split = re.split("[^A-Za-z0-9]", path.name)[0].lower()
    if split not in _SPLITS:
        raise DataError(f"{path}: the name does not tell the split; expected one that begins with one of "
                        f"{', '.join(_SPLITS)}")
    row = -1
    try:
        with parquet.ParquetFile(path) as file:
            classes = _parquet_classes(path, file.schema_arrow)
            rows = progress(_parquet_rows(file), f"reading {path.name}", file.metadata.num_rows)
            for row, (image, label) in enumerate(rows):
                if type(label) is not int or not 0 <= label < len(classes):
                    raise DataError(f"{path}, row {row}, column label: got {str(label)[:40]!r}, expected 0 to 6")
                content, name = _parquet_image(image)
                if content is None:
                    raise DataError(f"{path}, row {row}, column image: expected the bytes of an image")
                yield f"{path}, row {row}, column image", split, classes[label], name, content
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError(f"{path}, after row {row}: cannot be read as parquet ({one_line(error)}); get the file anew"
                        ) from None


def _parquet_rows(file) -> Iterator[tuple]:
    for batch in file.iter_batches(1024, columns=["image", "label"]):
        yield from zip(*(column.to_pylist() for column in batch.columns))


def _parquet_classes(path: Path, schema) -> list[int]:
    """What each number of the column ``label`` means."""
    if missing := {"image", "label"} - set(schema.names):
        raise DataError(f"{path}: got the columns {', '.join(schema.names)[:200]}, expected image and label; there is "
                        f"no {', '.join(sorted(missing))}")
    try:
        info = json.loads((schema.metadata or {})[b"huggingface"])
        names = info["info"]["features"]["label"]["names"]
    except (KeyError, TypeError, ValueError):
        names = sorted(FER2013_CLASSES)
    labels = [_label(str(name), path) for name in names]
    if sorted(labels) != list(range(len(FER2013_CLASSES))):
        raise DataError(f"{path}: its metadata name the classes {', '.join(map(str, names))[:200]}; expected the seven "
                        f"{', '.join(FER2013_CLASSES)}")
    return labels


def _parquet_image(image) -> tuple[bytes | None, str]:
    """An image's bytes and file name: the two are in one column, or the bytes alone."""
    if isinstance(image, dict):
        return image.get("bytes"), PurePosixPath(image.get("path") or "").name
    return (image if isinstance(image, bytes) else None), ""


def _label(name: str, path: Path) -> int:
    try:
        return _CLASSES[name.lower()]
    except KeyError:
        number = " (a number does not say in which order)" if name.isdigit() else ""
        raise DataError(f"{path}: {name[:40]!r} is no class of FER-2013{number}; expected one of "
                        f"{', '.join(FER2013_CLASSES)}") from None


def _faces(root: Path, images: Iterable[_Image]) -> Faces:
    """Decode images, and sort them by usage and name."""
    places, splits, labels, names, pixels = [], [], [], [], bytearray()
    for place, split, label, name, content in images:
        places.append(place)
        splits.append(split)
        labels.append(label)
        names.append(os.fsencode(name))
        pixels += _decode(place, content)
    if not places:
        raise DataError(f"{root} has no face")
    usages = _usages(places, splits, names)
    order = sorted(range(len(places)), key=lambda i: (usages[i], names[i], places[i]))
    faces = np.frombuffer(pixels, np.uint8).reshape(-1, SIDE, SIDE)
    return Faces(faces[order], np.array(labels, np.uint8)[order], np.array(usages, np.uint8)[order],
                 names=np.array(names, f"S{max(1, *map(len, names))}")[order])


def _usages(places: list[str], splits: list[str], names: list[bytes]) -> list[int]:
    """The usage of each image by its name's prefix, or by its split where that says it."""
    found = {_SPLITS[split] for split in splits}
    usages = []
    for place, split, name in zip(places, splits, names):
        usage, prefix = _SPLITS[split], name.split(b"_")[0].decode(errors="replace")
        if prefix in USAGES:
            named = USAGES.index(prefix)
            if usage != named and not (usage == _TEST and named > 0):
                raise DataError(f"{place}: its name says {prefix}, and it lies in {split}; put it where it belongs")
            usage = named
        elif usage == _TEST and 1 in found:
            usage = 2  # PublicTest has a place of its own
        elif usage == _TEST:
            raise DataError(f"{place}: {split} mixes PublicTest and PrivateTest, and its name has no prefix that tells "
                            "which, as PublicTest_123.jpg has; get fer2013.csv, or images in three splits")
        elif usage == 1 and not found & {2, _TEST}:
            raise DataError(f"{place}: {', '.join(sorted(set(splits)))} and no test is not how FER-2013 is split; get "
                            "fer2013.csv, or images in three splits")
        usages.append(usage)
    return usages


def _decode(place: str, content: bytes) -> bytes:
    with opened(content, place) as image:
        if image.size != (SIDE, SIDE) or image.mode not in ("L", "RGB"):
            raise DataError(f"{place}: got {image.width}x{image.height} pixels of mode {image.mode}, expected "
                            f"{SIDE}x{SIDE}, grey or RGB")
        return to_array(image, place=place).tobytes()
