"""How commands end: what is the user's to mend is said in one line, with exit status 2."""
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

__all__ = ["errors_in_one_line", "fail"]


@contextmanager
def errors_in_one_line() -> Iterator[None]:
    """End the program by :func:`fail` if a file, a value or an import within is refused.

    Whatever else is raised is a fault of the program, and keeps its traceback.
    """
    try:
        yield
    except (ImportError, OSError, ValueError) as error:
        fail(str(error))


def fail(message: str) -> NoReturn:
    """Say what is wrong on stderr, and end the program with exit status 2."""
    print(f"error: {message}", file=sys.stderr)
    sys.exit(2)
