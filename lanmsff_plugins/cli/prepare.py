"""Convert a data set in any layout to one compact file, which the readers prefer and map into memory.

    lanmsff prepare DOWNLOADS data/fer2013                 fer2013.safetensors, and the votes beside it
    lanmsff prepare DOWNLOADS data/kdef --kdef --side 96   kdef.safetensors, faces cut out

What is read from OUT afterwards is the compact file alone.
"""
import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from ..base.files import write_atomically
from ..base.progress import progress
from ..base.tables import markdown
from ..data.audit.copies import class_balance
from ..data.fer2013 import read_fer2013, read_ferplus
from ..data.fer2013.reader import COMPACT
from ..data.kdef import KDEF_CLASSES, KDEF_VIEWS
from ..data.kdef.faces import COMPACT as KDEF_COMPACT
from ..data.kdef.faces import KDEFFaces, save_compact

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data_root", type=Path, help="folder with the data set in any layout")
    parser.add_argument("out", type=Path, help="folder to write to")
    parser.add_argument("--kdef", action="store_true", help="the data set is KDEF")
    parser.add_argument("--side", type=int, default=96,
                        help="with --kdef, side of a face in pixels (default: %(default)s, to crop 64 from)")
    parser.add_argument("--boxes", default="views",
                        help="with --kdef, where the faces are: 'views', or a CSV image,left,top,right,bottom")


def run(args: argparse.Namespace) -> None:
    print(prepare_kdef(args) if args.kdef else prepare_fer2013(args))


def prepare_fer2013(args: argparse.Namespace) -> str:
    """Write the compact file of FER-2013; what was written, as a table."""
    faces = read_fer2013(args.data_root)
    votes = args.data_root / "fer2013new.csv"
    if votes.is_file():
        read_ferplus(args.data_root)  # refuses votes that do not belong to the faces
    faces.save(args.out / COMPACT)
    if votes.is_file():
        write_atomically(args.out / votes.name, votes.read_bytes())
    balance = class_balance(faces)
    names = list(dict.fromkeys(name for counts in balance.values() for name in counts))
    rows = [[split, *(counts.get(name, 0) for name in names), sum(counts.values())]
            for split, counts in balance.items()]
    return f"{args.out / COMPACT}: {len(faces):,} faces\n{markdown(['', *names, 'all'], rows)}"


def prepare_kdef(args: argparse.Namespace) -> str:
    """Write the compact file of KDEF; what was written, as a table."""
    if args.side < 16:
        raise ValueError(f"--side must be 16 or more, got {args.side}")
    faces = KDEFFaces(args.data_root, boxes=args.boxes, verify=True)
    cut = np.empty((len(faces), args.side, args.side), np.uint8)
    for i in progress(range(len(faces)), "cutting faces", len(faces)):
        cut[i] = Image.fromarray(faces[i]).resize((args.side, args.side), Image.Resampling.BICUBIC)
    save_compact(args.out / KDEF_COMPACT, faces.images, cut)
    rows = [[name, *(sum(image.label == label and image.view == view for image in faces.images) for view in KDEF_VIEWS)]
            for label, name in enumerate(KDEF_CLASSES)]
    return f"{args.out / KDEF_COMPACT}: {len(faces):,} faces\n{markdown(['', *KDEF_VIEWS], rows)}"
