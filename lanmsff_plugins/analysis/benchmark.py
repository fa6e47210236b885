"""Times that can be trusted on machines whose speed drifts: pairs in turn, and the median of their ratios."""
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

__all__ = ["Ratio", "compare"]


@dataclass(frozen=True)
class Ratio:
    """How much longer one thing takes than another.

    Attributes:
        median: Median of the ratios pair by pair.
        low: Their first quartile.
        high: Their third quartile.
    """

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.2f}"


def compare(a: Callable[[], object], b: Callable[[], object], pairs: int = 15, seconds: float = 0.05) -> Ratio:
    """The time of ``a`` as a multiple of that of ``b``, measured A B A B.

    Args:
        a: What to measure.
        b: What to measure it by.
        pairs: Number of pairs, 2 or more.
        seconds: How long each half of a pair should take at least; short calls are repeated to fill it.
    """
    # glibc returns small blocks to the system and fetches them again, page by page, until it has once freed a large
    # one (below 32 MiB): then it keeps what it has, as in any program that has run for a while.
    torch.empty(31 * 2 ** 20, dtype=torch.uint8)
    for call in (a, b):
        call()  # the first call allocates, and compiles where there is something to compile
    repeats = [max(1, round(seconds / _time(call, 1))) for call in (a, b)]
    ratios = []
    for _ in range(pairs):
        each = [_time(call, n) / n for call, n in zip((a, b), repeats)]
        ratios.append(each[0] / each[1])
    low, median, high = statistics.quantiles(ratios, n=4)
    return Ratio(median, low, high)


def _time(call: Callable[[], object], repeats: int) -> float:
    start = time.perf_counter()
    for _ in range(repeats):
        call()
    return time.perf_counter() - start
