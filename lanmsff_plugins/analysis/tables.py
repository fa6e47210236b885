"""Tables in Markdown, and the places in a document where a script keeps them."""
import re
from collections.abc import Sequence
from pathlib import Path

from ..files import write_atomically

__all__ = ["markdown", "replace_section"]


def markdown(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table; what looks like a number stands to the right."""
    def right(column: int) -> bool:
        return all(re.match(r"^[-+\d]", str(row[column])) for row in rows)

    lines = ["| " + " | ".join(header) + " |",
             "| " + " | ".join("---:" if right(i) else "---" for i in range(len(header))) + " |"]
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in rows]
    return "\n".join(lines)


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
