"""The benchmark measures what it says: known lengths of time, by a clock that only the calls move."""
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from lanmsff_plugins.measure import timing as module
from lanmsff_plugins.measure.timing import Quartiles, compare, matrix_rate, measure, peak_memory


class Clock:
    """A clock that stands still, but for those who sleep by it."""

    def __init__(self):
        self.now = 0.
        self.calls = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, *seconds: float):
        """A call that takes the given times in turn."""
        def call():
            self.now += seconds[len(self.calls) % len(seconds)]
            self.calls.append(seconds)
        return call


def test_a_sleep_of_known_length_is_measured_as_such():
    clock = Clock()
    timing = measure(clock.sleep(0.02), seconds=0.5, clock=clock)
    assert (timing.median, timing.low, timing.high) == pytest.approx((0.02, 0.02, 0.02))
    assert 0.5 <= clock.now < 2 and len(clock.calls) == pytest.approx(clock.now / 0.02)


def test_the_warm_up_is_not_counted():
    clock, times = Clock(), iter([5., 5.])
    assert measure(lambda: clock.sleep(next(times, 0.01))(), seconds=0.1, clock=clock).median == pytest.approx(0.01)


def test_the_quartiles_tell_how_far_the_times_spread():
    clock = Clock()
    timing = measure(clock.sleep(0.1, 0.3), seconds=0.09, clock=clock)  # a block is one call
    assert timing.low <= timing.median <= timing.high
    clock = Clock()
    timing = measure(clock.sleep(*[0.1] * 50, *[0.3] * 50), seconds=20, clock=clock)
    assert timing.low == pytest.approx(0.1) and timing.high == pytest.approx(0.3)


def test_measuring_leaves_the_threads_as_they_were():
    before, seen = torch.get_num_threads(), []
    clock = Clock()
    sleep = clock.sleep(0.1)
    measure(lambda: seen.append(torch.get_num_threads()) or sleep(), threads=2, seconds=0.1, clock=clock)
    assert set(seen) == {2} and torch.get_num_threads() == before


def test_the_machine_s_rate_is_that_of_a_known_number_of_products(monkeypatch):
    shapes = []

    def product(call, *args):
        with FlopCounterMode(display=False) as counter:
            call()
        shapes.append(counter.get_total_flops())
        return Quartiles(0.25, 0.2, 0.3)

    monkeypatch.setattr(module, "measure", product)
    assert matrix_rate() == shapes[0] / 0.25 == 2 * 2048 ** 3 / 0.25


def test_a_sleep_of_twice_the_length_takes_twice_as_long():
    clock = Clock()
    ratio = compare(clock.sleep(0.02), clock.sleep(0.01), pairs=5, seconds=0.01, clock=clock)
    assert (ratio.low, ratio.median, ratio.high) == pytest.approx((2, 2, 2))
    assert str(ratio) == "2.00"


def test_the_two_are_called_in_turn():
    clock, calls = Clock(), []
    a, b = clock.sleep(0.01), clock.sleep(0.01)
    compare(lambda: calls.append("a") or a(), lambda: calls.append("b") or b(), pairs=4, seconds=0.001, clock=clock)
    assert "".join(calls).endswith("abababab")


def test_a_drift_of_the_machine_falls_out_of_the_ratio():
    clock, slower = Clock(), iter(range(1, 1000))
    a, b = (lambda seconds=seconds: clock.sleep(seconds * 1.01 ** next(slower))() for seconds in (0.2, 0.1))
    assert compare(a, b, pairs=20, seconds=0.01, clock=clock).median == pytest.approx(2, rel=0.02)


def test_short_calls_are_repeated_to_fill_the_time():
    clock = Clock()
    short, long = clock.sleep(0.001), clock.sleep(0.05)
    compare(short, long, pairs=2, seconds=0.05, clock=clock)
    assert clock.calls.count((0.001,)) == 2 + 2 * 50 and clock.calls.count((0.05,)) == 2 + 2


def test_memory_counts_what_a_call_holds_at_most():
    held = torch.ones(2 ** 22)  # 16 MiB, before the call
    peak = peak_memory(lambda: torch.ones(2 ** 24) * held.sum())  # 64 MiB twice
    if peak is not None:
        assert 0.9 * 2 ** 27 < peak < 1.5 * 2 ** 27
