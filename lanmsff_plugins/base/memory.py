"""What the process does with memory that it no longer needs: keep it for speed, or hand it back."""
import ctypes
import sys

__all__ = ["keep_freed_memory", "return_freed_memory"]

# Of malloc.h: the names of what mallopt sets.
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD, _M_MMAP_MAX = -1, -2, -3, -4
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
    return _mallopt((_M_MMAP_MAX, 0), (_M_TRIM_THRESHOLD, -1), (_M_TOP_PAD, _STEP))


def return_freed_memory(above: int = 2 ** 20) -> bool:
    """Have the C library return large blocks to the system when they are freed, for the rest of the process.

    By itself glibc raises the size from which it does so to that of the largest block freed so far, up to 32 MiB.
    Pictures of many sizes then leave gaps behind in which the next one does not fit, and the process grows as it reads.

    Args:
        above: Bytes from which a block is taken from the system by itself. The default is below a photograph's pixels;
            of what the network computes for one face, only its few largest maps are above it.

    Returns:
        Whether it took effect; there is nothing to set but on Linux with glibc.
    """
    return _mallopt((_M_MMAP_THRESHOLD, above))


def _mallopt(*settings: tuple[int, int]) -> bool:
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and all([mallopt(name, value) for name, value in settings])
