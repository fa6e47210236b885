"""How fast faces are read, and how fast the loader gives them out, augmented as LANMSFF's training does.

    python -m lanmsff_plugins.data.benchmark data/fer2013 --workers 0 2
"""
import argparse
import tempfile
import time
from itertools import islice
from pathlib import Path

from torch.utils.data import DataLoader
from torchvision.transforms import v2

from ..commands import errors_in_one_line
from .fer2013 import read_fer2013
from .torch_datasets import FER2013Dataset, to_tensor

__all__ = ["augmentation", "faces_per_second", "seconds_to_read"]


def augmentation(side: int = 64) -> v2.Compose:
    """A random mirror, a turn of up to 15 degrees, and a random crop of ``side`` from an eighth more; a tensor."""
    return v2.Compose([
        v2.RandomHorizontalFlip(), v2.RandomRotation(15, v2.InterpolationMode.BILINEAR),
        v2.Resize(side * 9 // 8), v2.RandomCrop(side), to_tensor])


def seconds_to_read(data_root: str | Path) -> tuple[float, float, int]:
    """Seconds to read FER-2013 without a cache and with one, and the number of faces."""
    with tempfile.TemporaryDirectory() as folder:
        for path in Path(data_root).iterdir():
            if not path.name.endswith(".cache.safetensors"):
                Path(folder, path.name).symlink_to(path.resolve())
        seconds = []
        for _ in range(2):
            start = time.perf_counter()
            faces = read_fer2013(folder)
            seconds.append(time.perf_counter() - start)
        return *seconds, len(faces)


def faces_per_second(data_root: str | Path, workers: int, batches: int = 100, batch_size: int = 128) -> float:
    """Augmented faces of 64 x 64 pixels that a DataLoader gives in a second, from its second batch on."""
    dataset = FER2013Dataset(data_root, transform=augmentation())
    loader = iter(DataLoader(dataset, batch_size, shuffle=True, num_workers=workers))
    next(loader)
    start = time.perf_counter()
    given = sum(len(targets) for _, targets in islice(loader, batches))
    return given / (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data_root", type=Path, help="folder with FER-2013 in any layout")
    parser.add_argument("--workers", type=int, nargs="+", default=[0, 2], help="processes (default: 0 2)")
    args = parser.parse_args()
    with errors_in_one_line():
        cold, warm, faces = seconds_to_read(args.data_root)
        print(f"reading {faces:,} faces: {cold:.2f} s cold, {warm:.3f} s warm")
        for workers in args.workers:
            print(f"loader, {workers} workers: {faces_per_second(args.data_root, workers):,.0f} faces a second")


if __name__ == "__main__":
    main()
