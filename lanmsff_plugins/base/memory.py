"""Memory of the process, as far as it costs time."""
import ctypes
import sys

__all__ = ["keep_freed_memory"]

# Of malloc.h: the names of what mallopt sets.
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX = -1, -2, -4
_STEP = 64 * 2 ** 20  # bytes; twice the largest map of a batch of 32 faces


def keep_freed_memory() -> bool:
    """Have the C library keep what is freed for the next that is asked for, for the rest of the process.

    By itself glibc takes every block above 32 MiB, and at first smaller ones, from the system and gives it back
    when it is freed; each page of it then costs a fault, and zeros, whenever it is written first. PyTorch on a
    CPU asks for such blocks for every feature map, so eager inference can take twice as long. The price is that the
    process stays as large as it once was.

    Returns:
        Whether it took effect; there is nothing to set but on Linux with glibc.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and all([
        mallopt(_M_MMAP_MAX, 0), mallopt(_M_TRIM_THRESHOLD, -1), mallopt(_M_TOP_PAD, _STEP)])
