"""The choice of a data set, and the options of its row in the catalog; without OpenMMLab."""
import argparse
import inspect
from collections.abc import Callable, Sequence
from typing import Any

from ..base.errors import ConfigError

__all__ = ["add_data_set_argument", "options_taken"]


def add_data_set_argument(parser: argparse.ArgumentParser, choices: Sequence[str]) -> None:
    """The option ``--data-set NAME``, and ``--kdef``, as it was called before."""
    parser.add_argument("--data-set", choices=choices, default=choices[0],
                        help="which data set it is (default: %(default)s)")
    parser.add_argument("--kdef", action="store_const", const="kdef", dest="data_set", help=argparse.SUPPRESS)


def options_taken(function: Callable, data_set: str, **options) -> dict[str, Any]:
    """Those options that were given, to call ``function`` with, which a data set's row of the catalog names.

    Raises:
        ConfigError: if the function does not take one of them.
    """
    given = {name: value for name, value in options.items() if value is not None}
    for name in given:
        if name not in inspect.signature(function).parameters:
            raise ConfigError(f"--{name} is not for the data set {data_set}; leave it out, or name another data set by "
                              "--data-set")
    return given
