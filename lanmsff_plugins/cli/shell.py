"""How commands end: errors that the user can fix print one line and exit with status 2.

    with shell(debug=args.debug):
        run(args)
"""
import atexit
import os
import os.path as osp
import re
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from ..base.errors import DivergenceError, one_line

__all__ = ["fail", "shell"]

_PACKAGE = str(Path(__file__).resolve().parent.parent) + osp.sep
_EXTRAS = {  # what brings a package that may be missing
    "mm": ("mmengine", "mmcv", "mmpretrain"), "onnx": ("onnx", "onnxruntime", "onnxscript"),
    "tools": ("fvcore", "matplotlib"), "keras": ("h5py",), "parquet": ("pyarrow",),
    "faces": ("cv2",), "openvino": ("openvino", "nncf")}
_BUILDER = osp.join("mmengine", "registry", "build_functions.py")


@contextmanager
def shell(debug: bool = False) -> Iterator[None]:
    """End the program by :func:`fail` where something is refused within.

    That is: a file that is missing, bad or cannot be written; a package that is not installed; a value that this
    package refuses, or that anything refuses while it is built from a config; a loss that is no number; memory that
    does not suffice. Any other error is a bug and keeps its traceback. An interruption ends it with status 130, also
    where a library has made another error of it.

    Args:
        debug: Keep the traceback of all errors.
    """
    try:
        yield
    except KeyboardInterrupt:
        _interrupted()
    except BrokenPipeError:  # whoever read the output has had enough, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except Exception as error:
        if any(isinstance(each, KeyboardInterrupt) for each in _chain(error)):
            _interrupted()
        if not debug and _is_out_of_memory(error):
            fail(f"not enough memory ({one_line(error)}); take smaller pictures or a smaller batch")
        if debug or not isinstance(error, (DivergenceError, ImportError, OSError)) and not _is_refusal(error):
            raise
        package = (getattr(error, "name", None) or "").partition(".")[0]
        extra = next((extra for extra, packages in _EXTRAS.items() if package in packages), None)
        # str() of a KeyError has quotes about it.
        message = str(error.args[0]) if isinstance(error, KeyError) else str(error)
        fail(f"{message}; pip install 'lanmsff-plugins[{extra}]'" if extra else message)


def _interrupted() -> NoReturn:
    print("interrupted; rerun the command to continue, `train` and `predict` with --resume", file=sys.stderr)
    if hasattr(signal, "pthread_sigmask"):
        # Where the interruption went through an exec(), as in exports, Python would at its end send itself the signal.
        atexit.register(signal.pthread_sigmask, signal.SIG_BLOCK, {signal.SIGINT})
    sys.exit(130)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what it came from."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def fail(message: str) -> NoReturn:
    """Print what is wrong on stderr, and end the program with exit status 2."""
    if "\nOriginal Traceback" in message:  # from a worker that loads data; the error itself is in its last line
        message = message.strip().splitlines()[-1].split(": ", 1)[-1]
    print(f"error: {' '.join(message.split())}", file=sys.stderr)
    sys.exit(2)


def _is_out_of_memory(error: Exception) -> bool:
    """Also by PyTorch, which says so by a RuntimeError."""
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and re.search("can't allocate memory|out of memory", str(error)) is not None)


def _is_refusal(error: Exception) -> bool:
    if not isinstance(error, (KeyError, TypeError, ValueError)):
        return False
    files = [frame.f_code.co_filename for frame, _ in traceback.walk_tb(error.__traceback__)]
    if isinstance(error, ValueError) and (
            files[-1].startswith(_PACKAGE) or type(error).__module__.startswith(__package__.split(".")[0])):
        return True
    # Python raises many a KeyError and TypeError that nobody meant as a check.
    return any(file.endswith(_BUILDER) for file in files) and (isinstance(error, ValueError) or re.search(
        "is not in the .* registry|unexpected keyword argument|missing .* required", str(error)) is not None)
