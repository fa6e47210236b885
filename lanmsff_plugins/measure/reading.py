"""How fast a data set is read, and how fast a loader gives its pictures out.

    cold, warm, faces = seconds_to_read(read_fer2013, "data/fer2013")
"""
import tempfile
import time
from collections.abc import Callable, Sized
from itertools import islice
from pathlib import Path

from torch.utils.data import DataLoader, Dataset

__all__ = ["faces_per_second", "seconds_to_read"]


def seconds_to_read(read: Callable[[str], Sized], data_root: str | Path) -> tuple[float, float, int]:
    """Seconds to read a folder without a cache and with one, and the number of faces.

    Args:
        read: Called with a folder of links to the files.
        data_root: The folder with the files.
    """
    with tempfile.TemporaryDirectory() as folder:
        for path in Path(data_root).iterdir():
            if not path.name.endswith(".cache.safetensors"):
                Path(folder, path.name).symlink_to(path.resolve())
        seconds = []
        for _ in range(2):
            start = time.perf_counter()
            faces = read(folder)
            seconds.append(time.perf_counter() - start)
        cold, warm = seconds
        return cold, warm, len(faces)


def faces_per_second(dataset: Dataset, workers: int, batches: int = 100, batch_size: int = 128) -> float:
    """Items of (image, target) that a DataLoader gives in a second, from its second batch on if there is one."""
    loader = DataLoader(dataset, batch_size, shuffle=True, num_workers=workers)
    drawn = iter(loader)
    if len(loader) != 1:
        next(drawn)
    start = time.perf_counter()
    given = sum(len(targets) for _, targets in islice(drawn, batches))
    return given / (time.perf_counter() - start)
