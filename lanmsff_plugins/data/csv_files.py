"""CSV files read strictly: columns by name, every error with file and line.

    for line, (image, left) in iterate_csv(path, ("image", "left")):
"""
import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..base.errors import DataError

__all__ = ["iterate_csv", "text_lines"]

_SEPARATORS = {";": "semicolons", "\t": "tabs"}  # what spreadsheets use in place of commas


def text_lines(path: Path, errors: str = "strict") -> Iterator[str]:
    """The lines of a text file with their ends: UTF-8, or what Windows saves, which begins with a byte order mark.

    Args:
        path: The file, in UTF-8 with or without a mark, or in UTF-16 with one.
        errors: What is done about bad bytes, as for ``bytes.decode``.
    """
    with open(path, "rb") as file:
        mark = file.read(2)
        file.seek(0)
        if mark in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            yield from io.TextIOWrapper(file, "utf-16", errors, newline="")
        else:  # line by line, so that bad bytes are named by theirs
            for number, line in enumerate(file):
                yield line.decode("utf-8" if number else "utf-8-sig", errors)


def iterate_csv(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """The rows of a CSV file, each with the number of its line and with the columns in the order asked for.

    The header may have the columns in any order, and blanks around their names. Lines with nothing in them may stand
    at the end, where spreadsheets leave them, and nowhere else.

    Raises:
        DataError: if the header has other columns or they are not separated by commas, if a row has more or fewer
            columns or is empty, or if it is no text.
    """
    line = 1  # where the row begins that is read next: an open quote swallows the lines after it
    rows = csv.reader(text_lines(path))
    empty = 0  # the first line with nothing in it
    try:
        header = next(rows, [])
        found = [name.strip() for name in header]
        _check_header(path, header, found, columns)
        places = [found.index(column) for column in columns]
        line = rows.line_num + 1
        for row in rows:
            if all(not cell or cell.isspace() for cell in row):
                empty = empty or line
            elif empty:
                raise DataError(f"{path}, line {empty}: got 0 columns, expected {len(columns)}; remove the empty line "
                                "if no row was lost there")
            elif len(row) != len(columns):
                raise DataError(f"{path}, line {line}: got {len(row)} columns, expected {len(columns)} "
                                f"({','.join(found)})")
            else:
                yield line, [row[place] for place in places]
            line = rows.line_num + 1
    except (csv.Error, UnicodeError) as error:
        raise DataError(f"{path}, line {line}: not a CSV file ({error})") from None


def _check_header(path: Path, header: list[str], found: list[str], columns: Sequence[str]) -> None:
    if sorted(found) == sorted(columns):
        return
    expected = ",".join(columns)
    for separator, name in _SEPARATORS.items():
        if len(header) == 1 and separator in header[0]:
            raise DataError(f"{path}, line 1: the columns are separated by {name}; save the file with commas, "
                            f"expected {expected!r}")
    raise DataError(f"{path}, line 1: got the columns {','.join(header)[:200]!r}, expected {expected!r}")
