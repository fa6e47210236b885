"""Which values a setting may have, where anything else would train nothing or fail later.

    check_value("train_cfg.max_epochs", 0)    # ConfigError
"""
import math
import multiprocessing
import re
from collections.abc import Callable

from ...base.errors import ConfigError

__all__ = ["check_value"]


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _whole(least: int, but: tuple = ()) -> Callable[[object], bool]:
    return lambda value: value in but if value is None or isinstance(value, str) else (
        isinstance(value, int) and not isinstance(value, bool) and (value >= least or value in but))


def _between(least: float, most: float, low_too: bool = True, high_too: bool = True) -> Callable[[object], bool]:
    return lambda value: _is_number(value) and (least < value or low_too and value == least) and (
        value < most or high_too and value == most)


def _each(check: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: all(map(check, value)) if isinstance(value, (list, tuple)) else check(value)


_LEVELS = {"CRITICAL", "FATAL", "ERROR", "WARNING", "WARN", "INFO", "DEBUG", "NOTSET"}
_RULES: list[tuple[str, Callable[[object], bool], str]] = [  # by a pattern of the place; the first that fits counts
    (r"train_cfg\.(max_epochs|max_iters|val_interval)", _whole(1), "a whole number from 1 up"),
    (r"train_cfg\.val_begin", _whole(0), "a whole number from 0 up"),
    (r"(val|test)_cfg\.fp16", lambda value: isinstance(value, bool), "True or False"),
    (r"\w+_dataloader\.(batch_size|num_batch_per_epoch)", _whole(1), "a whole number from 1 up"),
    (r"\w+_dataloader\.num_workers", _whole(0), "a whole number from 0 up"),
    (r"\w+_dataloader\.prefetch_factor", _whole(1, (None,)), "a whole number from 1 up, or None"),
    (r"\w+_dataloader\.timeout", _between(0, math.inf), "seconds from 0 up"),
    (r"\w+_dataloader\.(persistent_workers|pin_memory|drop_last)", lambda value: isinstance(value, bool),
     "True or False"),
    (r"randomness\.seed", lambda value: value is None or _whole(0)(value) and value < 2 ** 32,
     "a whole number from 0 to 2**32 - 1, or None"),
    (r"env_cfg\.mp_cfg\.mp_start_method", lambda value: value in multiprocessing.get_all_start_methods(),
     "one of " + ", ".join(multiprocessing.get_all_start_methods())),
    (r"sync_bn", lambda value: value in (None, "torch", "mmcv"), "'torch', 'mmcv' or None"),
    (r"compile|find_unused_parameters|randomness\.\w+|auto_scale_lr\.enable|resume|env_cfg\.cudnn_benchmark", lambda value: isinstance(value, bool),
     "True or False"),
    (r"auto_scale_lr\.base_batch_size|optim_wrapper\.accumulative_counts", _whole(1), "a whole number from 1 up"),
    (r"optim_wrapper\.clip_grad\.type", lambda value: value in ("norm", "value"), "'norm' or 'value'"),
    (r"optim_wrapper\.optimizer\.lr", _between(0, math.inf, False, False), "a number above 0"),
    (r"optim_wrapper\.optimizer\.weight_decay", _between(0, math.inf, high_too=False), "a number from 0 up"),
    (r"log_level", lambda value: value in _LEVELS or _whole(0)(value), "one of " + ", ".join(sorted(_LEVELS))),
    (r"(work_dir|experiment_name|load_from)", lambda value: value is None or isinstance(value, str), "a name"),
    (r"default_hooks\.checkpoint\.interval", _whole(1, (-1,)), "a whole number from 1 up, or -1 for never"),
    (r"(default|custom)_hooks\.\w+\.interval", _whole(1), "a whole number from 1 up"),
    (r"(default|custom)_hooks\.\w+\.patience", _whole(1), "a whole number from 1 up"),
    (r"(default|custom)_hooks\.\w+\.momentum", _between(0, 1, False, False), "a number between 0 and 1"),
    (r"param_scheduler.*\.patience", _whole(0), "a whole number from 0 up"),
    (r".*\b(hooks|param_scheduler)\b.*\.(rule|threshold_rule)",
     _each(lambda value: value in (None, "less", "greater", "rel", "abs")), "'less' or 'greater'"),
    (r".*\.std", _each(lambda value: _is_number(value) and value > 0), "numbers above 0"),
    (r".*\.(num_classes|in_channels|out_channels|channels|embed_dims)", _each(_whole(1, (None, -1))),
     "whole numbers from 1 up"),
    (r".*_dataloader\..*dataset\.indices", lambda value: value not in (0, [], ()), "a number of pictures, or their list"),
    (r"model\.head\.loss\.loss_weight", _between(0, math.inf, False, False), "a number above 0"),
    (r".*\.prob", _each(_between(0, 1)), "a probability from 0 to 1"),
    (r".*\.(drop_rate|drop_path_rate)", _each(_between(0, 1, high_too=False)), "a share from 0 up, below 1"),
]
_COMPILED = [(re.compile(pattern), check, expected) for pattern, check, expected in _RULES]


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
    check, expected = next(((check, text) for pattern, check, text in _COMPILED if pattern.fullmatch(place)),
                           (_like(default), "True or False" if isinstance(default, bool) else "a number"))
    if not check(value) or isinstance(value, float) and math.isnan(value):
        raise ConfigError(f"{place} is {value!r}, expected {expected}")


def _like(default: object) -> Callable[[object], bool]:
    """Whether a value is of the kind of a default, as far as that tells: a number is no word, unless as 'inf' is."""
    if isinstance(default, bool):
        return lambda value: not isinstance(value, str)
    return lambda value: not (_is_number(default) and isinstance(value, str)) or value in ("inf", "-inf")
