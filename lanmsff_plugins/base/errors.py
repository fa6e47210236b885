"""Errors that the user can fix, each with a message of one line: what was given, what was expected, what to do.

    raise ValueError(unknown("layout", "folder", LAYOUTS))
"""
import difflib
from collections.abc import Iterable

__all__ = ["CheckpointError", "ConfigError", "DataError", "DivergenceError", "one_line", "unknown"]


class DataError(ValueError):
    """A data file does not hold what it should; the message names the file, the place in it and the remedy."""


class CheckpointError(ValueError):
    """A checkpoint is damaged, does not fit the model, or asks for more than may be loaded."""


class ConfigError(ValueError):
    """A config, or an option that overrides it, asks for something impossible."""


class DivergenceError(ArithmeticError):
    """The training loss is no longer a finite number."""


def unknown(what: str, name: object, known: Iterable[str], see: str = "") -> str:
    """The message for a name that does not exist, with the nearest ones that do.

    Args:
        what: What kind of name it is, such as 'layout'.
        name: The name that was given.
        known: The names that exist.
        see: Where to find them, in place of a long list with none that is near.
    """
    names = [str(each) for each in known]
    near = difflib.get_close_matches(str(name), names, n=3)
    if near and len(names) > 8:
        return f"unknown {what} {name!r}; did you mean {' or '.join(near)}?"
    if see:
        return f"unknown {what} {name!r}; see {see}"
    return f"unknown {what} {name!r}; expected one of {', '.join(names) or '(none)'}"


def one_line(error: BaseException, most: int = 200) -> str:
    """What an error says, on one line of at most ``most`` characters; its class where it says nothing."""
    return (" ".join(str(error).split()) or type(error).__name__)[:most]
