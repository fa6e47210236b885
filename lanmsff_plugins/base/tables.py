"""Tables in Markdown, and the places in a document where a script keeps them."""
import re
from collections.abc import Sequence
from pathlib import Path

from .files import write_atomically

__all__ = ["aligned", "markdown", "replace_section"]


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


def replace_section(path: Path, name: str, text: str) -> None:
    """Put ``text`` between the comments ``<!-- name -->`` and ``<!-- /name -->`` of a document.

    Raises:
        ValueError: if the document has no such place.
    """
    document = path.read_text()
    pattern = re.compile(rf"(<!-- {re.escape(name)} -->\n).*?(\n?<!-- /{re.escape(name)} -->)", re.DOTALL)
    if not pattern.search(document):
        raise ValueError(f"{path} has no place for {name!r}; expected <!-- {name} --> and <!-- /{name} -->")
    write_atomically(path, pattern.sub(lambda match: match[1] + text + "\n" + match[2].lstrip("\n"), document).encode())
