"""Tables in Markdown, and the places in a document where a script keeps them."""
import re
from collections.abc import Sequence
from pathlib import Path

from .files import write_atomically

__all__ = ["aligned", "markdown", "read_tables", "replace_section"]


def markdown(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table; what looks like a number stands to the right."""
    lines = ["| " + " | ".join(header) + " |",
             "| " + " | ".join("---:" if right else "---" for right in _right(header, rows)) + " |"]
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in rows]
    return "\n".join(lines)


def aligned(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """The same for a terminal: columns by blanks."""
    cells = [list(map(str, row)) for row in (header, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells)]
    right = _right(header, rows)
    return "\n".join("  ".join(
        cell.rjust(width) if to_right else cell.ljust(width)
        for cell, width, to_right in zip(row, widths, right)).rstrip() for row in cells)


def _right(header: Sequence[str], rows: Sequence[Sequence[object]]) -> list[bool]:
    """Which columns hold numbers, or nothing, in each row."""
    return [all(re.match(r"^([-+]?\d|-?$)", str(row[i])) for row in rows) for i in range(len(header))]


def read_tables(path: Path, name: str) -> list[tuple[list[str], list[list[str]]]]:
    """The tables at a place of :func:`replace_section`, each as its header and its rows.

    Raises:
        ValueError: if the document has no such place.
    """
    tables = []
    for block in _section(path, name)[1].split("\n\n"):
        if block.startswith("| "):
            header, _, *rows = [line[2:-2].split(" | ") for line in block.strip().splitlines()]
            tables.append((header, rows))
    return tables


def replace_section(path: Path, name: str, text: str) -> None:
    """Put ``text`` between the comments ``<!-- name -->`` and ``<!-- /name -->`` of a document.

    Raises:
        ValueError: if the document has no such place.
    """
    before, _, after = _section(path, name)
    write_atomically(path, f"{before}{text}\n{after}".encode())


def _section(path: Path, name: str) -> tuple[str, str, str]:
    """A document, up to the end of the opening comment, what is between, and from the closing comment on."""
    opening, closing = f"<!-- {name} -->\n", f"<!-- /{name} -->"
    before, found, rest = path.read_text().partition(opening)
    text, closed, after = rest.partition(closing)
    if not (found and closed):
        raise ValueError(f"{path} has no place for {name!r}; expected {opening.strip()} and {closing}")
    return before + opening, text, closing + after
