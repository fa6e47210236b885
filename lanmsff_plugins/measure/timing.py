"""Times that can be trusted on machines whose speed drifts: pairs in turn, and shares of the machine's own rate."""
import ctypes
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

__all__ = ["Quartiles", "compare", "device_clock", "matrix_rate", "measure", "peak_memory"]

Clock = Callable[[], float]
Call = Callable[[], object]

MATRIX_SIDE = 2048  # 48 MiB of float32 in three matrices: more than any cache, less than a second of work


@dataclass(frozen=True)
class Quartiles:
    """What was measured several times: seconds, or the ratios of pairs.

    Attributes:
        median: The median.
        low: First quartile.
        high: Third quartile.
    """

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Quartiles":
        """The quartiles of some measurements; of a single one, itself."""
        low, median, high = statistics.quantiles(values, n=4) if len(values) > 1 else [*values] * 3
        return cls(median, low, high)

    def __str__(self) -> str:
        return f"{self.median:.2f}"


def measure(call: Call, threads: int = 1, seconds: float = 1., clock: Clock | None = None) -> Quartiles:
    """The time of ``call``, by PyTorch's own timer, after two calls that warm up.

    Args:
        call: What to measure.
        threads: Number of PyTorch's threads.
        seconds: How long to measure at least.
        clock: Where the time is read, in seconds; by default PyTorch's, which waits for a GPU.
    """
    from torch.utils.benchmark import Timer  # it brings compilers along, which complain where there is no GPU

    make_timer = partial(Timer, timer=clock) if clock else Timer
    timer = make_timer("call()", globals={"call": call}, num_threads=threads)
    timer.timeit(2)
    return Quartiles.of(timer.blocked_autorange(min_run_time=seconds).times)


def matrix_rate(threads: int = 1, device: str = "cpu", seconds: float = 0.5, clock: Clock | None = None) -> float:
    """The rate at which the machine multiplies float32 matrices of 2048 x 2048, in FLOP/s.

    It is the yardstick of all other figures: what a network reaches of it can be compared between machines.
    """
    a, b = torch.rand(2, MATRIX_SIDE, MATRIX_SIDE, device=device)
    out = torch.empty_like(a)
    return 2 * MATRIX_SIDE ** 3 / measure(lambda: torch.mm(a, b, out=out), threads, seconds, clock).median


def compare(a: Call, b: Call, pairs: int = 15, seconds: float = 0.05, clock: Clock = time.perf_counter) -> Quartiles:
    """The time of ``a`` as a multiple of that of ``b``, measured A B A B.

    Args:
        a: What to measure.
        b: What to measure it by.
        pairs: Number of pairs, 2 or more.
        seconds: How long each half of a pair should take at least; short calls are repeated to fill it.
        clock: Where the time is read, in seconds.
    """
    for call in (a, b):
        call()  # the first call allocates, and compiles where there is something to compile
    repeats = [max(1, round(seconds / _time(call, 1, clock))) for call in (a, b)]
    ratios = []
    for _ in range(pairs):
        each = [_time(call, n, clock) / n for call, n in zip((a, b), repeats)]
        ratios.append(each[0] / each[1])
    return Quartiles.of(ratios)


def _time(call: Call, repeats: int, clock: Clock) -> float:
    start = clock()
    for _ in range(repeats):
        call()
    return clock() - start


def device_clock() -> float:
    """The time in seconds, once a GPU has done what it was given; for :func:`compare`."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


def peak_memory(call: Call, device: str = "cpu") -> int | None:
    """Bytes that ``call`` holds at most, beyond what is held before: of the GPU for 'cuda', resident for 'cpu'.

    Returns:
        None where the system does not tell: without a GPU, only Linux does.
    """
    if device == "cuda":
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        call()
        return torch.cuda.max_memory_allocated() - before
    try:
        ctypes.CDLL("libc.so.6").malloc_trim(0)  # what is free already does not count as held
        Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
        before = _resident("VmRSS")
        call()
        return max(0, _resident("VmHWM") - before)
    except OSError:
        return None


def _resident(field: str) -> int:
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status[field].split()[0]) * 1024
