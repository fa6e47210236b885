"""How many epochs fit into the time that somebody has.

    epochs_within(parse_duration("30m"), timings, seeds=3)
"""
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..base.errors import ConfigError

__all__ = ["MAX_EPOCHS", "SHARE", "Timing", "epochs_within", "parse_duration", "show_duration", "time_of"]

MAX_EPOCHS = 200  # a longer training of these small networks overfits; more seeds are worth more
SHARE = 0.9  # of the time that is planned for; machines are not equally fast all the time
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


@dataclass(frozen=True)
class Timing:
    """What a training of one variant takes, in seconds.

    Attributes:
        epoch: One epoch.
        rest: All else: building the network, testing it, writing files.
    """

    epoch: float
    rest: float


def parse_duration(text: str) -> float:
    """The seconds of a duration such as '90s', '30m', '1.5h' or '1h30m'.

    Raises:
        ConfigError: if it is none, or is not above zero.
    """
    parts = re.findall(r"(\d+(?:\.\d+)?)([smhd])", text)
    seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
    if "".join(number + unit for number, unit in parts) != text or seconds <= 0:
        raise ConfigError(f"a duration is a number with s, m, h or d, such as 30m or 1h30m, got {text!r}")
    return seconds


def show_duration(seconds: float) -> str:
    """A duration as :func:`parse_duration` reads it, rounded up: '1h30m', '45s'."""
    if seconds <= 60:
        return f"{math.ceil(seconds)}s"
    hours, minutes = divmod(math.ceil(seconds / 60), 60)
    return f"{hours}h" * (hours > 0) + f"{minutes}m" * (minutes > 0 or not hours)


def time_of(epochs: int, timings: Sequence[Timing], seeds: int) -> float:
    """The seconds that all trainings take together.

    Args:
        epochs: Epochs of each.
        timings: Of each variant.
        seeds: Trainings of each.
    """
    return seeds * sum(epochs * timing.epoch + timing.rest for timing in timings)


def epochs_within(seconds: float, timings: Sequence[Timing], seeds: int) -> int:
    """The number of epochs for which all trainings together fit, at most ``MAX_EPOCHS``.

    A tenth of the time is kept back.

    Args:
        seconds: What is left of the budget.
        timings: Of each variant.
        seeds: Trainings of each.

    Raises:
        ConfigError: if not even one epoch fits; the message says what would.
    """
    left = seconds * SHARE - time_of(0, timings, seeds)
    epochs = math.floor(left / (seeds * sum(timing.epoch for timing in timings)))
    if epochs < 1:
        needed = time_of(1, timings, seeds) / SHARE
        raise ConfigError(
            f"the time is too short: one epoch of {len(timings)} variants with {seeds} seed{'s' * (seeds > 1)} takes "
            f"about {show_duration(needed)}, and {show_duration(max(seconds, 1))} are left; give a longer --budget, "
            "fewer --seeds or --layers, or a smaller --size")
    return min(epochs, MAX_EPOCHS)
