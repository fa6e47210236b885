"""Lists of faces that a text file names: those turned away, covered ones, copies of others."""
import re
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..base.errors import DataError
from ..base.files import write_atomically
from .csv_files import text_lines

__all__ = ["FaceList", "write_face_list"]

_FINGERPRINT = "# of faces with fingerprint "

# 123, or an image of FERPlus as the lists of RAN (Wang et al., 2020 - https://arxiv.org/abs/1905.04075) have it:
# 0/fer0032226.jpg, 1_fer0034656.png 8 0.
_LINE = re.compile(r"(?P<row>\d{1,9})|(?:\d+[/_])?(?P<name>fer\d{7})(?:\.\w+)?(?: \d+)*", re.ASCII)


@dataclass(frozen=True)
class FaceList:
    """Faces by their rows in the data set's file, from 0, and by their image names in FERPlus.

    Attributes:
        rows: The row numbers.
        names: The names, without an ending. Four of them stand twice in FERPlus and then mean both faces.
        fingerprint: What :func:`write_face_list` has noted of the faces that the rows are of; '' in other lists.
        path: The file they were read from.
    """

    rows: frozenset[int]
    names: frozenset[str]
    fingerprint: str
    path: Path

    @classmethod
    def read(cls, path: str | Path) -> "FaceList":
        """Read a list: one row number or image name on a line, and what follows a ``#`` is a remark.

        Raises:
            FileNotFoundError: if there is no such file.
            DataError: if a line is neither of them, or no face is listed.
        """
        path = Path(path).expanduser()
        if not path.is_file():
            raise FileNotFoundError(f"no list of faces at {path}; expected a text file with a row number, or an image "
                                    "name of FERPlus, on each line")
        rows, names, fingerprint = set(), set(), ""
        for number, line in enumerate("".join(text_lines(path, errors="replace")).splitlines(), 1):
            if line.startswith(_FINGERPRINT):
                fingerprint = line.removeprefix(_FINGERPRINT)
            line = line.split("#")[0].strip()
            match = _LINE.fullmatch(line)
            if not line:
                continue
            if match is None:
                raise DataError(f"{path}, line {number}: got {line[:40]!r}, expected a row number or an image name "
                                "such as fer0032226.png")
            if match["name"]:
                names.add(match["name"])
            else:
                rows.add(int(match["row"]))
        if not rows and not names:
            raise DataError(f"{path} lists no face; expected a row number or an image name on each line")
        return cls(frozenset(rows), frozenset(names), fingerprint, path)

    def check(self, pixels: np.ndarray) -> None:
        """Raise a DataError if the rows are known to be of faces with other pixels (N, H, W)."""
        if self.fingerprint not in ("", _fingerprint(pixels)):
            raise DataError(f"{self.path}: the rows are of other faces, or of the same in another order; write the "
                            "list anew by `lanmsff audit`")

    def mask(self, rows: np.ndarray, names: np.ndarray) -> np.ndarray:
        """Which of some faces are listed.

        Args:
            rows: (N,) int, the row of each face.
            names: (N,) str, its image name with or without an ending, '' where it has none.

        Returns:
            (N,) bool.

        Raises:
            DataError: if none is, since the list is then of other faces.
        """
        mask = np.array([row in self.rows or name.partition(".")[0] in self.names
                         for row, name in zip(rows.tolist(), names.tolist())], bool)
        if not mask.any():
            raise DataError(f"{self.path} lists none of these {len(rows):,} faces; is it a list for another split, or "
                            "of names for a data set without names?")
        return mask


def write_face_list(path: str | Path, pixels: np.ndarray, rows: np.ndarray, remark: str) -> None:
    """Write rows, one a line, below a remark and a fingerprint of the ``pixels`` (N, H, W) that they are rows of."""
    lines = [f"# {remark}", "# Rows count from 0.", f"{_FINGERPRINT}{_fingerprint(pixels)}", *map(str, rows)]
    write_atomically(path, ("\n".join(lines) + "\n").encode())


def _fingerprint(pixels: np.ndarray) -> str:
    return f"{zlib.crc32(np.ascontiguousarray(pixels).data):08x}"
