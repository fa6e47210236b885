"""Which values a setting may have, where anything else would train nothing or fail later.

    check_value("train_cfg.max_epochs", 0)    # ConfigError
"""
import math
import multiprocessing
import re
from collections.abc import Callable

from ...base.errors import ConfigError

__all__ = ["check_value"]


Rule = tuple[Callable[[object], bool], str]  # whether a value may be, and what is expected


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _whole(least: int, also: tuple = (), what: str = "") -> Rule:
    def check(value: object) -> bool:
        return value in also or isinstance(value, int) and not isinstance(value, bool) and value >= least

    return check, f"a whole number from {least} up{what}"


def _above(limit: float) -> Rule:
    return lambda value: _is_number(value) and limit < value < math.inf, f"a number above {limit}"


def _from(low: float, high: float, expected: str, high_too: bool = True) -> Rule:
    return lambda value: _is_number(value) and (low <= value < high or high_too and value == high), expected


def _one_of(*values: object) -> Rule:
    return lambda value: value in values, "one of " + ", ".join(map(repr, values))


def _each(rule: Rule) -> Rule:
    return lambda value: all(map(rule[0], value)) if isinstance(value, (list, tuple)) else rule[0](value), rule[1]


_BOOL = (lambda value: isinstance(value, bool), "True or False")
_LEVELS = ("CRITICAL", "FATAL", "ERROR", "WARNING", "WARN", "INFO", "DEBUG", "NOTSET")
_RULES: list[tuple[str, Rule]] = [  # by a pattern of the place; the first that fits counts
    (r"train_cfg\.(max_epochs|max_iters|val_interval)", _whole(1)),
    (r"train_cfg\.val_begin", _whole(0)),
    (r"(val|test)_cfg\.fp16", _BOOL),
    (r"\w+_dataloader\.(batch_size|num_batch_per_epoch)", _whole(1)),
    (r"\w+_dataloader\.num_workers", _whole(0)),
    (r"\w+_dataloader\.prefetch_factor", _whole(1, (None,), " or None")),
    (r"\w+_dataloader\.timeout", _from(0, math.inf, "seconds from 0 up")),
    (r"\w+_dataloader\.(persistent_workers|pin_memory|drop_last)", _BOOL),
    (r".*_dataloader\..*dataset\.indices", (lambda value: value not in (0, [], ()), "a number of pictures or a list")),
    (r"randomness\.seed", (lambda value: value is None or _whole(0)[0](value) and value < 2 ** 32,
                           "a whole number from 0 to 2**32 - 1, or None")),
    (r"randomness\.\w+|auto_scale_lr\.enable|resume|env_cfg\.cudnn_benchmark|find_unused_parameters", _BOOL),
    (r"compile", _one_of(True, False, None)),
    (r"on_device", _one_of(True, False, None, "captured")),
    (r"sync_bn", _one_of("torch", "mmcv", None)),
    (r"env_cfg\.mp_cfg\.mp_start_method", _one_of(*multiprocessing.get_all_start_methods())),
    (r"auto_scale_lr\.base_batch_size|optim_wrapper\.accumulative_counts", _whole(1)),
    (r"optim_wrapper\.clip_grad\.type", _one_of("norm", "value")),
    (r"optim_wrapper\.optimizer\.lr|model\.head\.loss\.loss_weight", _above(0)),
    (r"optim_wrapper\.optimizer\.weight_decay", _from(0, math.inf, "a number from 0 up", False)),
    (r"log_level", (lambda value: value in _LEVELS or _whole(0)[0](value), f"one of {', '.join(_LEVELS)}")),
    (r"work_dir|experiment_name|load_from", (lambda value: value is None or isinstance(value, str), "a name")),
    (r"default_hooks\.checkpoint\.interval", _whole(1, (-1,), ", or -1 for never")),
    (r"(default|custom)_hooks\.\w+\.(interval|patience)", _whole(1)),
    (r"(default|custom)_hooks\.\w+\.momentum", (lambda value: _is_number(value) and 0 < value < 1,
                                               "a number between 0 and 1")),
    (r"param_scheduler.*\.patience", _whole(0)),
    (r"param_scheduler.*\.threshold_rule", _one_of("rel", "abs")),
    (r"(.*_hooks|param_scheduler)\b.*\.rule", _each(_one_of("less", "greater", None))),
    (r".*\.std", _each((lambda value: value is None or _is_number(value) and value > 0, "numbers above 0"))),
    (r".*\.(num_classes|in_channels|out_channels|channels|embed_dims)", _each(_whole(1, (None, -1)))),
    (r".*\.prob", _each(_from(0, 1, "a probability from 0 to 1"))),
    (r".*\.(drop_rate|drop_path_rate)", _each(_from(0, 1, "a share from 0 up, below 1", False))),
]
_COMPILED = [(re.compile(pattern), rule) for pattern, rule in _RULES]


def check_value(place: str, value: object, default: object = None) -> None:
    """Refuse a value that cannot be meant.

    Args:
        place: The dotted name of the setting.
        value: What it is set to.
        default: What its class has where it is not set; a value of another kind is refused where that is a bool or a
            number.

    Raises:
        ConfigError: with what is expected.
    """
    check, expected = next((rule for pattern, rule in _COMPILED if pattern.fullmatch(place)), _like(default))
    if isinstance(value, float) and math.isnan(value) or not check(value):
        raise ConfigError(f"{place} is {value!r}, expected {expected}")


def _like(default: object) -> Rule:
    """The kind of a default, as far as that tells: a number is no word, unless as 'inf' is."""
    if isinstance(default, bool):
        return lambda value: not isinstance(value, str), "True or False"
    if _is_number(default):
        return lambda value: not isinstance(value, str) or value in ("inf", "-inf"), "a number"
    return lambda value: True, "a number"
