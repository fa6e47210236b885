"""Write one page about finished runs: learning curves, confusion, calibration, size, the worst faces.

    lanmsff report work_dirs/lanmsff_ferplus      writes report.html there

A work dir is one in which `lanmsff test` has tested a checkpoint. Where `lanmsff train` wrote it, the page has learning
curves; of packaged weights, tested by `lanmsff test CONFIG lanmsff://NAME`, it has none.
"""
import argparse
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from mmengine.config import ConfigDict
from mmpretrain import get_model
from mmpretrain.registry import DATASETS

from ..base.errors import ConfigError, DataError
from ..base.files import write_atomically
from ..data.face_list import FaceList
from ..data.fer2013.selection import FacePictures
from ..mm.data.datasets import PictureDataset
from ..mm.data.wrappers import dataset_of_split, innermost, kind_of
from ..mm.engine.launch import read_config
from ..reporting.run_page import Run, page, read_scalars
from ..scores import Predictions
from .options import add_list_argument, read_lists

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("work_dirs", nargs="+", type=Path, metavar="WORK_DIR")
    add_list_argument(parser)
    parser.add_argument("--out", type=Path, help="the page (default: report.html in the first work dir)")


def run(args: argparse.Namespace) -> None:
    lists = {name: FaceList.read(path) for name, path in read_lists(args).items()}
    names = distinct_names(args.work_dirs)
    out = args.out or args.work_dirs[0] / "report.html"
    write_atomically(out, page([read_run(work_dir, name, lists) for work_dir, name in names.items()]).encode())
    print(out)


def distinct_names(work_dirs: list[Path]) -> dict[Path, str]:
    """A name for each work dir, each once: as many of the last parts of its path as tell it from the others."""
    parts = {work_dir: work_dir.resolve().parts for work_dir in {each.resolve(): each for each in work_dirs}.values()}
    names = {}
    for work_dir, own in parts.items():
        length = 1
        while length < len(own) and sum(other[-length:] == own[-length:] for other in parts.values()) > 1:
            length += 1
        names[work_dir] = "/".join(own[-length:])
    return names


def read_run(work_dir: Path, name: str, lists: dict[str, FaceList]) -> Run:
    """What a work dir holds."""
    if str(work_dir).startswith("lanmsff:/"):  # Path makes one slash of two
        raise ConfigError("packaged weights have no work dir; test them by `lanmsff test CONFIG lanmsff://NAME`, and "
                          "name the work dir of that")
    configs = sorted(work_dir.glob("*.py"))
    if not configs:
        raise FileNotFoundError(f"no config in {work_dir}; expected the work dir of `lanmsff train`")
    cfg = read_config(configs[-1])
    predictions = Predictions.load(work_dir / "test.npz")
    dataset = dataset_of_split(cfg, "test")
    try:
        scalars = read_scalars(work_dir)
    except FileNotFoundError:
        scalars = []  # the weights were only tested here
    return Run(name, class_names(dataset, predictions), sum(p.numel() for p in get_model(cfg).parameters()),
               kind_of(next(innermost(dataset))).__name__, scalars, predictions,
               find_faces(dataset, predictions, lists), lists)


def class_names(dataset: ConfigDict, predictions: Predictions) -> Sequence[str]:
    """The names of the classes, which the data set may know from its folders only; numbers if it is not at hand."""
    classes = getattr(kind_of(next(innermost(dataset))), "METAINFO", {}).get("classes")
    if classes is None:
        with suppress(FileNotFoundError):
            classes = DATASETS.build(dataset).metainfo.get("classes")
    return classes or [str(number) for number in range(predictions.scores.shape[1])]


def find_faces(dataset: ConfigDict, predictions: Predictions, lists: dict[str, FaceList]
               ) -> Callable[[np.ndarray], list[np.ndarray]] | None:
    """A function from rows to the pictures that were tested; None if the data are not at hand.

    Raises:
        DataError: if the data set or a list is of other faces than the predictions.
    """
    if not issubclass(kind_of(dataset), PictureDataset) or not Path(dataset.data_root).expanduser().exists():
        return None
    selected = DATASETS.build(dict(dataset, pipeline=[])).selected
    index_of = {row: i for i, row in enumerate(selected.rows.tolist())}
    indices = [index_of.get(row, -1) for row in predictions.rows.tolist()]
    if min(indices) < 0 or (selected.labels[indices] != predictions.labels).any():
        raise DataError(f"{dataset.data_root} holds other faces or labels than were tested; test the checkpoint again")
    if isinstance(selected.pictures, FacePictures):
        for listed in lists.values():
            listed.check(selected.pictures.faces.pixels)
    return lambda rows: [selected.pictures[index_of[row]] for row in rows.tolist()]
