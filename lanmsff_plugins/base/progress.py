"""A count on stderr of what takes seconds, where somebody looks."""
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import timedelta

__all__ = ["progress"]


def progress(items: Iterable, what: str, total: int | None = None) -> Iterator:
    """Pass ``items`` on, and count them on stderr if that is a terminal, with the remaining time if it is known.

    Args:
        items: What to pass on.
        what: What is being done, such as 'reading fer2013.csv'.
        total: How many there will be, if that is known.
    """
    if not sys.stderr.isatty():
        yield from items
        return
    step, of = max(1, (total or 30_000) // 100), f"/{total:,}" if total else ""
    done, start, width = 0, time.monotonic(), 0
    for done, item in enumerate(items, 1):
        yield item
        if done % step == 0:
            left = (time.monotonic() - start) / done * (total - done) if total else 0.
            line = f"{what}: {done:,}{of}" + (f", {timedelta(seconds=round(left))} left" if left >= 1 else "")
            width = max(width, len(line))
            print(f"\r{line:<{width}}", end="", file=sys.stderr, flush=True)
    print(f"\r{' ' * width}\r{what}: {done:,}{of}", file=sys.stderr)
