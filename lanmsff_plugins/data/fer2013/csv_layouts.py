"""FER-2013 as tables of numbers: ``fer2013.csv``, ``icml_face_data.csv``, and ``train.csv`` with ``test.csv``."""
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ...base.errors import DataError
from ...base.progress import progress
from ..csv_files import iterate_csv
from .faces import FER2013_CLASSES, SIDE, UNLABELLED, USAGES, Faces

__all__ = ["parse_kaggle_csvs", "parse_usage", "parse_usage_csv"]

_PIXELS = {str(value): value for value in range(256)}  # as strict as int() is lenient, and twice as fast
_EMOTIONS = {str(value): value for value in range(len(FER2013_CLASSES))}


def parse_usage_csv(path: Path) -> Faces:
    """``fer2013.csv`` and ``icml_face_data.csv``, which has its columns in another order."""
    pixels, emotions, usages = bytearray(), bytearray(), bytearray()
    for line, (emotion, face, usage) in _iterate_faces(path, "emotion", "pixels", "Usage"):
        emotions.append(_parse_emotion(emotion, path, line))
        usages.append(parse_usage(usage, path, line))
        pixels += _parse_pixels(face, path, line)
    return _faces(path, pixels, emotions, usages)


def parse_kaggle_csvs(train: Path, test: Path | None = None) -> Faces:
    """``train.csv``, all Training, and ``test.csv``, whose first half is PublicTest and which has no labels."""
    pixels, emotions = bytearray(), bytearray()
    for line, (emotion, face) in _iterate_faces(train, "emotion", "pixels"):
        emotions.append(_parse_emotion(emotion, train, line))
        pixels += _parse_pixels(face, train, line)
    usages = bytearray(len(emotions))
    tested = 0
    if test is not None:
        for line, (face,) in _iterate_faces(test, "pixels"):
            pixels += _parse_pixels(face, test, line)
            tested += 1
    if tested % 2:
        raise DataError(f"{test} has {tested:,} faces, expected PublicTest and PrivateTest, as many of each; is the "
                        "file cut short?")
    emotions += bytes([UNLABELLED]) * tested
    usages += bytes([1]) * (tested // 2) + bytes([2]) * (tested // 2)
    return _faces(train, pixels, emotions, usages)


def _iterate_faces(path: Path, *columns: str) -> Iterator[tuple[int, list[str]]]:
    return progress(iterate_csv(path, columns), f"reading {path.name}")


def parse_usage(usage: str, path: Path, line: int) -> int:
    """The index into ``USAGES``."""
    try:
        return USAGES.index(usage)
    except ValueError:
        raise DataError(
            f"{path}, line {line}, column Usage: got {usage[:40]!r}, expected one of {', '.join(USAGES)}") from None


def _parse_emotion(emotion: str, path: Path, line: int) -> int:
    try:
        return _EMOTIONS[emotion]
    except KeyError:
        raise DataError(f"{path}, line {line}, column emotion: got {emotion[:40]!r}, expected 0 to 6") from None


def _parse_pixels(face: str, path: Path, line: int) -> bytes:
    values = face.split()
    if len(values) != SIDE * SIDE:
        raise DataError(f"{path}, line {line}, column pixels: got {len(values):,} pixels, expected "
                        f"{SIDE * SIDE:,}; is the file cut short?")
    try:
        return bytes(map(_PIXELS.__getitem__, values))
    except KeyError as error:
        raise DataError(f"{path}, line {line}, column pixels: got {error.args[0][:40]!r}, expected whole numbers "
                        "from 0 to 255") from None


def _faces(path: Path, pixels: bytearray, emotions: bytearray, usages: bytearray) -> Faces:
    if not emotions:
        raise DataError(f"{path} has a header and no faces; is the file cut short?")
    faces, emotion, usage = (np.frombuffer(buffer, np.uint8) for buffer in (pixels, emotions, usages))
    return Faces(faces.reshape(-1, SIDE, SIDE), emotion, usage)
