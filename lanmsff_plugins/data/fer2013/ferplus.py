"""FERPlus: ten votes for each face of FER-2013, joined to the right ones.

Source: Barsoum et al., Training Deep Networks for Facial Expression Recognition with Crowd-Sourced Label
Distribution, 2016 - https://arxiv.org/abs/1608.01041
"""
import os
import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from safetensors.numpy import save

from ...base.errors import DataError
from ...base.files import write_atomically
from ..cache import cached, map_arrays, pack_names, unpack_names
from ..csv_files import iterate_csv
from ..folders import check_link, expand
from .csv_layouts import parse_usage
from .faces import FER2013_CLASSES, UNLABELLED, USAGES, Faces
from .reader import read_fer2013
from .votes import VOTE_COLUMNS

__all__ = ["Votes", "read_ferplus", "read_named_ferplus", "read_votes", "votes_path"]

_PARSER_VERSION = 1
_IMAGE_NAME = re.compile(rb"fer(\d{7})\.\w+")
_STANDING_TWICE = (b"fer0006953.png", b"fer0008403.png", b"fer0011785.png", b"fer0033120.png")
_VOTES = {str(value): value for value in range(11)}
_NO_VOTES = np.zeros(len(VOTE_COLUMNS), np.uint8)

# FER-2013's class for each of the first seven of FERPlus: what both data sets call by nearly one name.
_FER2013_OF = np.array([FER2013_CLASSES.index(name) for name in (
    "neutral", "happy", "surprise", "sad", "angry", "disgust", "fear")])
_MIN_ROWS, _MIN_AGREEMENT = 100, 0.4  # of 100 rows, the right join agrees on 0.47 or more, a shifted one on up to 0.31


@dataclass(frozen=True, eq=False)
class Votes:
    """What ``fer2013new.csv`` holds, row by row.

    Attributes:
        counts: (N, 10) uint8 votes in the columns' order: the eight classes, unknown, NF.
        usage: (N,) uint8, an index into ``USAGES``.
        names: (N,) bytes, the names of the images, empty where there is none.
    """

    counts: np.ndarray
    usage: np.ndarray
    names: np.ndarray

    def __len__(self) -> int:
        return len(self.counts)

    def save(self, path: Path, metadata: dict[str, str]) -> None:
        """Write the votes to ``path``, whole or not at all."""
        arrays = {"counts": self.counts, "usage": self.usage, "names": pack_names(self.names)}
        write_atomically(path, save({name: np.ascontiguousarray(array) for name, array in arrays.items()}, metadata))

    @classmethod
    def open(cls, path: Path) -> "Votes":
        """Map what :meth:`save` wrote.

        Raises:
            FileNotFoundError: if there is no such file.
            DataError: if it is not such a file, or has votes or a usage that do not exist.
        """
        arrays = map_arrays(path)
        rows = len(arrays.get("usage", ()))
        if {name: array.shape for name, array in arrays.items() if name != "names"} != {
                "counts": (rows, len(VOTE_COLUMNS)), "usage": (rows,)} or len(arrays.get("names", ())) != rows:
            raise DataError(f"{path} does not hold votes as this library writes them; delete it and try again")
        if (arrays["usage"] >= len(USAGES)).any() or not _plausible(arrays["counts"]).all():
            raise DataError(f"{path} holds votes that no ten people gave, or for no split; delete it and try again")
        return cls(arrays["counts"], arrays["usage"], unpack_names(arrays["names"]))


def read_votes(data_root: str | Path) -> Votes:
    """Read ``fer2013new.csv``, the first time from the table, then from a cache beside it.

    Raises:
        FileNotFoundError: if there is none; the message says where to get it.
        DataError: if it is not what it should be.
    """
    path = votes_path(data_root)
    check_link(path)
    if not path.is_file():
        raise FileNotFoundError(
            f"no FERPlus votes at {path}: get fer2013new.csv from github.com/microsoft/FERPlus and put it there, or "
            f"draw synthetic faces with votes by `lanmsff draw {path.parent}`")
    return cached(path.with_suffix(".cache.safetensors"), [path], partial(_parse_votes, path), _PARSER_VERSION,
                  Votes.open, Votes.save)


def read_ferplus(data_root: str | Path) -> tuple[Faces, np.ndarray]:
    """Read FER-2013 in any layout, and the votes in ``fer2013new.csv`` beside it.

    Votes join faces by row where the layout has the official order; by usage and image name where it has
    lost it, which takes names as ``fer0000000.png``. Four names stand twice: three of them with the same
    votes, so that nothing is lost; a face whose name has two different votes gets none, and no label.

    Args:
        data_root: The folder that holds both, or the path of FER-2013's table beside the votes.

    Returns:
        The faces, and their votes (N, 10) uint8 in the columns' order: the eight classes, unknown, NF.

    Raises:
        FileNotFoundError: if a file is missing; the message says where to get it.
        DataError: if a file is not what it should be, or if the two do not line up.
    """
    return read_named_ferplus(data_root)[:2]


def read_named_ferplus(data_root: str | Path) -> tuple[Faces, np.ndarray, np.ndarray]:
    """As :func:`read_ferplus`, and FERPlus's name of the image of each face, (N,) str, '' where it has none."""
    faces = read_fer2013(data_root)
    path = votes_path(data_root)
    votes = read_votes(data_root)
    if faces.names is None:
        _check_rows(path, faces, votes)
        _check_order(path, votes)
        counts, names = np.array(votes.counts), votes.names
    else:
        counts, names = _join_by_name(path, faces, votes), faces.names
    _check_content(path, faces, counts)
    return faces, counts, np.char.decode(names, errors="replace")


def votes_path(data_root: str | Path) -> Path:
    """Where ``fer2013new.csv`` is, or should be."""
    root = expand(data_root)
    return (root.parent if root.is_file() else root) / "fer2013new.csv"


def _parse_votes(path: Path) -> Votes:
    votes, usages, names, lines = [], [], [], []
    for line, (usage, name, *counts) in iterate_csv(path, ("Usage", "Image name", *VOTE_COLUMNS)):
        usages.append(parse_usage(usage, path, line))
        try:
            votes.append([_VOTES[count] for count in counts])
        except KeyError:
            column, count = next((name, count) for name, count in zip(VOTE_COLUMNS, counts) if count not in _VOTES)
            raise DataError(f"{path}, line {line}, column {column}: got {count[:40]!r} votes, expected whole numbers "
                            "from 0 to 10") from None
        names.append(os.fsencode(name))
        lines.append(line)
    if not votes:
        raise DataError(f"{path} has a header and no votes; is the file cut short?")
    if sum(votes[-1]) < 9 and not path.read_bytes().endswith(b"\n"):
        raise DataError(f"{path}, line {line}: the file ends within a line and {sum(votes[-1])} of 10 votes; "
                        "it was cut short, get it anew")
    given = np.array(votes, np.uint8)
    for row in np.flatnonzero(~_plausible(given))[:1]:
        raise DataError(f"{path}, line {lines[row]}: got {given[row].sum()} votes in all, expected 10; get the file "
                        "anew")
    return Votes(given, np.array(usages, np.uint8), np.array(names, f"S{max(1, *map(len, names))}"))


def _plausible(counts: np.ndarray) -> np.ndarray:
    """Which rows (N, 10) hold ten votes; one of the official file holds nine."""
    return np.isin(counts.sum(1), (9, 10))


def _check_rows(path: Path, faces: Faces, votes: Votes) -> None:
    """Refuse votes that belong to other faces by their number, or by the splits of the rows."""
    if len(votes) != len(faces):
        raise DataError(f"{path} has votes for {len(votes):,} faces, FER-2013 has {len(faces):,} there; expected one "
                        "row for each face, in the same order")
    differs = np.flatnonzero(votes.usage != faces.usage)
    if len(differs):
        row = int(differs[0])
        raise DataError(f"{path}, line {row + 2}: Usage is {USAGES[votes.usage[row]]}, the face of that row is "
                        f"{USAGES[faces.usage[row]]}; expected the same order of rows")


def _check_order(path: Path, votes: Votes) -> None:
    """Refuse rows in another order than the official one, which the numbers in the images' names follow.

    They count up by one from row to row. Rows without an image have a number of their own or not; so have images that
    stand twice, which have the other's name. Where rows were left out of both files, the numbers have gaps, and go
    beyond the number of rows.
    """
    numbers = [int(match[1]) if (match := _IMAGE_NAME.fullmatch(name)) else -1 for name in votes.names.tolist()]
    has_gaps = sum(number >= len(votes) for number in numbers) > 1
    last, without = -1, 0  # the number before, and the rows since then that may have one
    for row, (name, number) in enumerate(zip(votes.names.tolist(), numbers)):
        if not name or name in _STANDING_TWICE:
            without += 1
        elif number < 0:
            raise DataError(f"{path}, line {row + 2}, column Image name: got {name.decode(errors='replace')[:40]!r}, "
                            "expected fer0000000.png and so on, or nothing")
        elif not last < number <= last + 1 + (number if has_gaps else without):
            raise DataError(f"{path}, line {row + 2}: the image {name.decode()} is out of order, expected "
                            f"fer{last + 1:07d}.png; the rows were shifted or sorted, get the file anew")
        else:
            last, without = number, 0


def _join_by_name(path: Path, faces: Faces, votes: Votes) -> np.ndarray:
    """The votes of each face, by usage and image name."""
    assert faces.names is not None  # without names, votes join by row
    of_name: dict[tuple[int, bytes], np.ndarray] = {}
    for usage, name, row in zip(votes.usage.tolist(), votes.names.tolist(), votes.counts):
        known = of_name.setdefault((usage, name), row)
        if (known != row).any():
            of_name[usage, name] = _NO_VOTES
    joined, found = [], set()
    for usage, name in zip(faces.usage.tolist(), faces.names.tolist()):
        if (usage, name) not in of_name or not name:
            raise DataError(
                f"{path} has no votes for the {USAGES[usage]} image {name.decode(errors='replace')!r}; where images "
                "have other names than fer0000000.png, nothing tells whose votes are whose: get fer2013.csv")
        found.add((usage, name))
        joined.append(of_name[usage, name])
    if missing := sorted(key for key in of_name.keys() - found if key[1]):
        usage, name = missing[0]
        raise DataError(f"{path} has votes for {len(missing):,} images that are not there, such as {USAGES[usage]} "
                        f"{name.decode(errors='replace')[:40]!r}; are images lost?")
    return np.array(joined)


def _check_content(path: Path, faces: Faces, votes: np.ndarray) -> None:
    """Refuse votes that say other things than the labels, of some rows in succession or, joined by name, of all."""
    known = votes[:, :len(_FER2013_OF)]  # contempt has no counterpart
    voted = np.flatnonzero(known.any(1) & (faces.emotion != UNLABELLED))
    agrees = _FER2013_OF[known[voted].argmax(1)] == faces.emotion[voted]
    if len(agrees) < _MIN_ROWS:
        return
    length = _MIN_ROWS if faces.names is None else len(agrees)
    shares = np.convolve(agrees, np.full(length, 1 / length), "valid")
    first = int(shares.argmin())
    if shares[first] < _MIN_AGREEMENT:
        raise DataError(f"{path}: the votes agree with the labels of FER-2013 on {shares[first]:.1%} of the faces from "
                        f"row {voted[first]} to {voted[first + length - 1]}, expected about 63 %; are the rows of the "
                        "two files shifted?")
