"""CSV files read strictly: columns by name, every error with file and line.

    for line, (image, left) in iterate_csv(path, ("image", "left")):
"""
import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..base.errors import DataError

__all__ = ["iterate_csv"]


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
