"""The budget's arithmetic: what is planned fits, and one epoch more would not."""
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanmsff_plugins.base.errors import ConfigError
from lanmsff_plugins.comparison.budget import (
    MAX_EPOCHS,
    SHARE,
    Timing,
    epochs_within,
    parse_duration,
    show_duration,
    time_of,
)

SECONDS = st.floats(0.01, 1e4)
TIMINGS = st.lists(st.builds(Timing, epoch=SECONDS, rest=SECONDS), min_size=1, max_size=8)


@given(st.floats(1, 1e6), TIMINGS, st.integers(1, 10))
def test_as_many_epochs_are_planned_as_fit_and_no_more(seconds, timings, seeds):
    left = seconds * SHARE
    if time_of(1, timings, seeds) > left * (1 + 1e-9):
        with pytest.raises(ConfigError, match="the time is too short: one epoch of"):
            epochs_within(seconds, timings, seeds)
    elif time_of(1, timings, seeds) < left * (1 - 1e-9):
        epochs = epochs_within(seconds, timings, seeds)
        assert 1 <= epochs <= MAX_EPOCHS
        assert time_of(epochs, timings, seeds) <= left * (1 + 1e-9)
        assert epochs == MAX_EPOCHS or time_of(epochs + 1, timings, seeds) >= left * (1 - 1e-9)


@given(TIMINGS, st.integers(1, 10))
def test_the_time_that_a_refusal_names_is_enough(timings, seeds):
    with pytest.raises(ConfigError) as caught:
        epochs_within(1e-6, timings, seeds)
    named = str(caught.value).split("takes about ")[1].split(",")[0]
    assert epochs_within(parse_duration(named) * (1 + 1e-9), timings, seeds) >= 1


@given(st.integers(1, 10 ** 6))
def test_a_duration_that_is_shown_can_be_read_and_is_no_shorter(seconds):
    assert seconds <= parse_duration(show_duration(seconds)) < seconds + 60


@pytest.mark.parametrize(("text", "seconds"), [
    ("90s", 90), ("30m", 1800), ("1.5h", 5400), ("1h30m", 5400), ("1d", 86400)])
def test_durations_have_units(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "30", "m", "30 m", "-3m", "0s", "3w", "1h30", "1e3s"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(ConfigError, match="a duration is a number with s, m, h or d"):
        parse_duration(text)
