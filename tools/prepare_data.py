"""Convert a data set in any layout to one compact file, which the readers prefer and map into memory.

    python tools/prepare_data.py DOWNLOADS data/fer2013                 fer2013.safetensors, and the votes beside it
    python tools/prepare_data.py --kdef DOWNLOADS data/kdef --side 96   kdef.safetensors, faces cut out

What is read from OUT afterwards is the compact file alone.
"""
import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from lanmsff_plugins.analysis.tables import markdown
from lanmsff_plugins.commands import errors_in_one_line
from lanmsff_plugins.data import KDEF_CLASSES, KDEF_VIEWS, read_fer2013, read_ferplus
from lanmsff_plugins.data.audit import class_balance
from lanmsff_plugins.data.fer2013 import COMPACT
from lanmsff_plugins.data.kdef_faces import COMPACT as KDEF_COMPACT
from lanmsff_plugins.data.kdef_faces import KDEFFaces, save_compact
from lanmsff_plugins.data.progress import progress
from lanmsff_plugins.files import write_atomically


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data_root", type=Path, help="folder with the data set in any layout")
    parser.add_argument("out", type=Path, help="folder to write to")
    parser.add_argument("--kdef", action="store_true", help="the data set is KDEF")
    parser.add_argument("--side", type=int, default=96,
                        help="with --kdef, side of a face in pixels (default: %(default)s, to crop 64 from)")
    parser.add_argument("--boxes", default="views",
                        help="with --kdef, where the faces are: 'views', or a CSV image,left,top,right,bottom")
    args = parser.parse_args()
    with errors_in_one_line():
        print(prepare_kdef(args) if args.kdef else prepare_fer2013(args))


def prepare_fer2013(args: argparse.Namespace) -> str:
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


if __name__ == "__main__":
    main()
