"""Write one page about finished runs: python tools/report.py WORK_DIR... --out report.html

A work dir is what tools/train.py leaves, after tools/test.py has tested its checkpoint there.
"""
import argparse
from pathlib import Path

from mmpretrain import get_model

import lanmsff_plugins.mm  # noqa: F401
from lanmsff_plugins.analysis.report import Run, page, read_scalars
from lanmsff_plugins.analysis.scores import Predictions
from lanmsff_plugins.data import FaceList, read_fer2013
from lanmsff_plugins.files import write_atomically
from lanmsff_plugins.mm.evaluation import add_list_argument
from lanmsff_plugins.mm.launch import main, read_config
from lanmsff_plugins.registry import DATASETS


def read_run(work_dir: Path, lists: dict[str, FaceList]) -> Run:
    configs = sorted(work_dir.glob("*.py"))
    if not configs:
        raise FileNotFoundError(f"no config in {work_dir}; expected the work dir of tools/train.py")
    cfg = read_config(configs[-1])
    dataset = cfg.test_dataloader.dataset
    kind = DATASETS.get(dataset.type)
    faces = None
    if kind.__name__ in ("FER2013", "FERPlus") and Path(dataset.data_root).is_dir():
        data = read_fer2013(dataset.data_root)
        faces = data.pixels.__getitem__
        for listed in lists.values():
            listed.check(data)
    model = get_model(cfg)
    return Run(work_dir.name, kind.METAINFO["classes"], sum(p.numel() for p in model.parameters()), kind.__name__,
               read_scalars(work_dir), Predictions.load(work_dir / "test.npz"), faces, lists)


def run() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work_dirs", nargs="+", type=Path, metavar="WORK_DIR")
    add_list_argument(parser)
    parser.add_argument("--out", default="report.html", help="the page (default: report.html)")
    args = parser.parse_args()
    lists = {name: FaceList.read(path) for name, path in args.list}
    write_atomically(args.out, page([read_run(work_dir, lists) for work_dir in args.work_dirs]).encode())
    print(args.out)


if __name__ == "__main__":
    main(run)
