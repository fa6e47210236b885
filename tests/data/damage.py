"""Ways to spoil a text file, and what a refusal must look like."""
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lanmsff_plugins.base.errors import DataError

Damage = Callable[[list[bytes]], bytes]  # the file's lines, to what stands in the file afterwards


def edit(line: int, pattern: bytes, replacement: bytes) -> Damage:
    """Replace what ``pattern`` first finds in a line; the first line is 1, as in messages."""
    def damage(lines: list[bytes]) -> bytes:
        text, found = re.subn(pattern, lambda _: replacement, lines[line - 1], count=1)
        assert found
        return b"".join([*lines[:line - 1], text, *lines[line:]])
    return damage


def cut(end: int) -> Damage:
    """Keep the bytes up to ``end``, which counts from the end if negative."""
    return lambda lines: b"".join(lines)[:end]


def nul_refused(got: str) -> str:
    """What is said of a value with a NUL, a pattern; before Python 3.11 the csv module takes none."""
    return f" got '{got}'" if sys.version_info >= (3, 11) else r": not a CSV file \(line contains NUL\)"


def spoil(path: Path, damage: Damage) -> None:
    path.write_bytes(damage(path.read_bytes().splitlines(keepends=True)))


def assert_refused(read: Callable, path: Path, message: str, error: type[Exception] = DataError) -> None:
    """``read`` raises in one readable line that begins with the file and then says ``message``."""
    with pytest.raises(error) as caught:
        read(path.parent)
    text = str(caught.value)
    assert re.fullmatch(f".*{re.escape(str(path))}.*{message}.*", text), text
    assert "\n" not in text and text.isprintable()
    assert len(text.replace(str(path.parent), "")) < 350
