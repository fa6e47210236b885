"""FER-2013: 35,887 grey faces of 48x48 pixels, from the Kaggle file ``fer2013.csv``.

Source: Goodfellow et al., Challenges in Representation Learning, 2013 - https://arxiv.org/abs/1307.0414
"""
import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from .faces import DataError, Faces, cached_faces

__all__ = ["FER2013_CLASSES", "SIDE", "USAGES", "iterate_csv", "read_fer2013"]

FER2013_CLASSES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")  # the CSV's order
USAGES = ("Training", "PublicTest", "PrivateTest")
SIDE = 48  # pixels

_HEADER = ["emotion", "pixels", "Usage"]
_PARSER_VERSION = 1
_PIXELS = {str(value): value for value in range(256)}  # as strict as int() is lenient, and twice as fast
_EMOTIONS = {str(value): value for value in range(len(FER2013_CLASSES))}


def read_fer2013(data_root: str | Path) -> Faces:
    """Read ``fer2013.csv``, all three splits in the order of its rows.

    The first reading takes seconds; it leaves a cache that later ones map into memory.

    Args:
        data_root: The folder that holds the file.

    Raises:
        FileNotFoundError: if there is no such file; the message says where to get it.
        DataError: if the file is not what it should be; the message names line and column.
    """
    path = Path(data_root) / "fer2013.csv"
    if not path.is_file():
        raise FileNotFoundError(
            f"no FER-2013 at {path}: get fer2013.csv from Kaggle (challenges-in-representation-learning-facial-"
            "expression-recognition-challenge), or draw synthetic faces in its format by "
            f"`python -m lanmsff_plugins.data.synthetic {data_root}`")
    return cached_faces(path, _parse, _PARSER_VERSION)


def _parse(path: Path) -> Faces:
    pixels, emotions, usages = bytearray(), bytearray(), bytearray()
    for line, (emotion, face, usage) in iterate_csv(path, _HEADER):
        try:
            emotions.append(_EMOTIONS[emotion])
        except KeyError:
            raise DataError(f"{path}, line {line}, column emotion: got {emotion[:40]!r}, expected 0 to 6") from None
        try:
            usages.append(USAGES.index(usage))
        except ValueError:
            raise DataError(
                f"{path}, line {line}, column Usage: got {usage[:40]!r}, expected one of {', '.join(USAGES)}") from None
        values = face.split()
        if len(values) != SIDE * SIDE:
            raise DataError(f"{path}, line {line}, column pixels: got {len(values):,} pixels, expected "
                            f"{SIDE * SIDE:,}; is the file cut short?")
        try:
            pixels += bytes(map(_PIXELS.__getitem__, values))
        except KeyError as error:
            raise DataError(f"{path}, line {line}, column pixels: got {error.args[0][:40]!r}, expected whole numbers "
                            "from 0 to 255") from None
    if not emotions:
        raise DataError(f"{path} has a header and no faces; is the file cut short?")
    arrays = (np.frombuffer(buffer, np.uint8) for buffer in (pixels, emotions, usages))
    faces, emotion, usage = arrays
    return Faces(faces.reshape(-1, SIDE, SIDE), emotion, usage)


def iterate_csv(path: Path, header: list[str]) -> Iterator[tuple[int, list[str]]]:
    """The rows of a CSV file, each with the number of its line, after a check of the header.

    Raises:
        DataError: if the header differs, if a row has more or fewer columns, or if it is no text.
    """
    line = 1  # where the row begins that is read next: an open quote swallows the lines after it
    with open(path, "rb") as file:
        rows = csv.reader(text.decode() for text in file)  # line by line, so that bad bytes are named by theirs
        try:
            found = next(rows, [])
            if found != header:
                raise DataError(
                    f"{path}, line 1: got the columns {','.join(found)[:200]!r}, expected {','.join(header)!r}")
            line = rows.line_num + 1
            for row in rows:
                if len(row) != len(header):
                    raise DataError(f"{path}, line {line}: got {len(row)} columns, expected {len(header)} "
                                    f"({','.join(header)})")
                yield line, row
                line = rows.line_num + 1
        except (csv.Error, UnicodeDecodeError) as error:
            raise DataError(f"{path}, line {line}: not a CSV file ({error})") from None
