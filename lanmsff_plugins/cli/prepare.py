"""Convert a data set in any layout to one compact file, which the readers prefer and map into memory.

    lanmsff prepare DOWNLOADS data/fer2013                             fer2013.safetensors, and the votes beside it
    lanmsff prepare DOWNLOADS data/kdef --data-set kdef --side 96      kdef.safetensors, faces cut out

What is read from OUT afterwards is the compact file alone.
"""
import argparse
from pathlib import Path

from ..base.tables import markdown
from ..data.catalog import DATASETS
from .data_sets import add_data_set_argument, options_taken

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data_root", type=Path, help="folder with the data set in any layout")
    parser.add_argument("out", type=Path, help="folder to write to")
    add_data_set_argument(parser, [name for name, row in DATASETS.items() if row.prepare])
    parser.add_argument("--side", type=int, help="of KDEF, side of a face in pixels (default: 96, to crop 64 from)")
    parser.add_argument("--boxes", help="of KDEF, where the faces are: 'views', or a CSV image,left,top,right,bottom "
                                        "(default: views)")


def run(args: argparse.Namespace) -> None:
    prepare = DATASETS[args.data_set].prepare
    assert prepare is not None  # the option's choices have one
    options = options_taken(prepare, args.data_set, side=args.side, boxes=args.boxes)
    path, counts = prepare(args.data_root, args.out, **options)
    names = list(dict.fromkeys(name for row in counts.values() for name in row))
    rows = [[head, *(row.get(name, 0) for name in names), sum(row.values())] for head, row in counts.items()]
    print(f"{path}: {sum(row[-1] for row in rows):,} faces\n{markdown(['', *names, 'all'], rows)}")
