"""Write one page about finished runs: learning curves, confusion, calibration, size, the worst faces.

    lanmsff report work_dirs/lanmsff_ferplus --out report.html

A work dir is what `lanmsff train` leaves, after `lanmsff test` has tested its checkpoint there.
"""
import argparse
from pathlib import Path

import numpy as np
from mmpretrain import get_model

from ..base.files import write_atomically
from ..data.face_list import FaceList
from ..data.fer2013.selection import FacePictures
from ..mm.data.datasets import PictureDataset
from ..mm.engine.launch import read_config
from ..registry import DATASETS
from ..reporting.run_page import Run, page, read_scalars
from ..scores import Predictions
from .options import add_list_argument, read_lists

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("work_dirs", nargs="+", type=Path, metavar="WORK_DIR")
    add_list_argument(parser)
    parser.add_argument("--out", default="report.html", help="the page (default: report.html)")


def run(args: argparse.Namespace) -> None:
    lists = {name: FaceList.read(path) for name, path in read_lists(args).items()}
    write_atomically(args.out, page([read_run(work_dir, lists) for work_dir in args.work_dirs]).encode())
    print(args.out)


def read_run(work_dir: Path, lists: dict[str, FaceList]) -> Run:
    """What a work dir holds."""
    configs = sorted(work_dir.glob("*.py"))
    if not configs:
        raise FileNotFoundError(f"no config in {work_dir}; expected the work dir of `lanmsff train`")
    cfg = read_config(configs[-1])
    dataset = cfg.test_dataloader.dataset
    kind = DATASETS.get(dataset.type)
    faces = None
    if issubclass(kind, PictureDataset) and Path(dataset.data_root).is_dir():
        selected = DATASETS.build(dict(dataset, pipeline=[], test_mode=True)).selected
        index_of = {row: i for i, row in enumerate(selected.rows.tolist())}

        def faces(rows: np.ndarray) -> list[np.ndarray]:
            return [selected.pictures[index_of[row]] for row in rows.tolist()]
        if isinstance(selected.pictures, FacePictures):
            for listed in lists.values():
                listed.check(selected.pictures.faces.pixels)
    model = get_model(cfg)
    return Run(work_dir.name, kind.METAINFO["classes"], sum(p.numel() for p in model.parameters()), kind.__name__,
               read_scalars(work_dir), Predictions.load(work_dir / "test.npz"), faces, lists)
