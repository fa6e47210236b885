"""CSV files read strictly: columns by name, every complaint with file and line.

The three shapes of FER-2013 that are tables of numbers are here, too.
"""
import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from .faces import FER2013_CLASSES, SIDE, UNLABELLED, USAGES, DataError, Faces
from .progress import progress

__all__ = ["iterate_csv", "parse_kaggle_csvs", "parse_usage", "parse_usage_csv"]

_PIXELS = {str(value): value for value in range(256)}  # as strict as int() is lenient, and twice as fast
_EMOTIONS = {str(value): value for value in range(len(FER2013_CLASSES))}


def iterate_csv(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """The rows of a CSV file, each with the number of its line and with the columns in the order asked for.

    The header may have the columns in any order, and blanks around their names.

    Raises:
        DataError: if the header has other columns, if a row has more or fewer, or if it is no text.
    """
    line = 1  # where the row begins that is read next: an open quote swallows the lines after it
    with open(path, "rb") as file:
        rows = csv.reader(text.decode() for text in file)  # line by line, so that bad bytes are named by theirs
        try:
            header = next(rows, [])
            found = [name.strip() for name in header]
            if sorted(found) != sorted(columns):
                raise DataError(
                    f"{path}, line 1: got the columns {','.join(header)[:200]!r}, expected {','.join(columns)!r}")
            places = [found.index(column) for column in columns]
            line = rows.line_num + 1
            for row in rows:
                if len(row) != len(columns):
                    raise DataError(f"{path}, line {line}: got {len(row)} columns, expected {len(columns)} "
                                    f"({','.join(found)})")
                yield line, [row[place] for place in places]
                line = rows.line_num + 1
        except (csv.Error, UnicodeDecodeError) as error:
            raise DataError(f"{path}, line {line}: not a CSV file ({error})") from None


def parse_usage_csv(path: Path) -> Faces:
    """``fer2013.csv`` and ``icml_face_data.csv``, which has its columns in another order."""
    pixels, emotions, usages = bytearray(), bytearray(), bytearray()
    for line, (emotion, face, usage) in _iterate_faces(path, "emotion", "pixels", "Usage"):
        emotions.append(_parse_emotion(emotion, path, line))
        usages.append(parse_usage(usage, path, line))
        pixels += _parse_pixels(face, path, line)
    return _faces(path, pixels, emotions, usages)


def parse_kaggle_csvs(train: Path, test: Path | None) -> Faces:
    """``train.csv``, all Training, and ``test.csv``, whose first half is PublicTest and which has no labels."""
    pixels, emotions = bytearray(), bytearray()
    for line, (emotion, face) in _iterate_faces(train, "emotion", "pixels"):
        emotions.append(_parse_emotion(emotion, train, line))
        pixels += _parse_pixels(face, train, line)
    usages = bytearray(len(emotions))
    tested = 0
    for line, (face,) in _iterate_faces(test, "pixels") if test else ():
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
