"""The benchmark measures what it says: known lengths of time, in turn."""
import time

import pytest

from lanmsff_plugins.analysis.benchmark import compare


def test_a_sleep_of_twice_the_length_takes_twice_as_long():
    ratio = compare(lambda: time.sleep(0.02), lambda: time.sleep(0.01), pairs=5, seconds=0.01)
    assert ratio.median == pytest.approx(2, rel=0.25)
    assert ratio.low <= ratio.median <= ratio.high


def test_the_two_are_called_in_turn():
    calls = []
    compare(lambda: calls.append("a") or time.sleep(0.01), lambda: calls.append("b") or time.sleep(0.01), pairs=4,
            seconds=0.001)
    assert "".join(calls).endswith("abababab")


def test_short_calls_are_repeated_to_fill_the_time():
    calls = []
    compare(lambda: calls.append(time.sleep(0.001)), lambda: time.sleep(0.05), pairs=2, seconds=0.05)
    assert len(calls) > 20
