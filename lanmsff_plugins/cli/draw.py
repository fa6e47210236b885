"""Draw synthetic faces in the data sets' formats: the same bytes for the same seed.

    lanmsff draw DIR                   fer2013.csv and fer2013new.csv
    lanmsff draw DIR --layout folders  FER-2013 in another of its layouts
    lanmsff draw DIR --kdef            JPEGs named as KDEF's
    lanmsff draw FILE.png --sheet      one picture of them all
"""
import argparse
import io
from pathlib import Path

from ..base.files import write_atomically
from ..data.fer2013.writers import LAYOUTS
from ..data.synthetic.writers import draw_sheet, write_fer2013, write_kdef

__all__ = ["add_arguments", "run"]

# What could be real ones, which the command leaves alone.
KDEF_FILES = ("**/*.[Jj][Pp]*[Gg]",)
FER2013_FILES = ("fer2013*.csv", "icml_face_data.csv", "train.csv", "**/*.parquet", "*/**/*.[jp][pn]*g")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("out", type=Path, help="folder to write to; with --sheet, a file")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--layout", choices=LAYOUTS, default=LAYOUTS[0],
                      help="layout of FER-2013 (default: %(default)s)")
    kind.add_argument("--kdef", action="store_true", help="write JPEGs named as KDEF's")
    kind.add_argument("--sheet", action="store_true", help="write one picture of expressions, people and views")
    parser.add_argument("--faces", type=int, default=2400, help="number of faces of FER-2013 (default: 2400)")
    parser.add_argument("--people", type=int, default=20, help="number of people for --kdef (default: 20)")
    parser.add_argument("--flat", action="store_true", help="with --kdef, all files in one folder")
    parser.add_argument("--errata", action="store_true", help="with --kdef, with the original's flaws")
    parser.add_argument("--seed", type=int, default=0)


def run(args: argparse.Namespace) -> None:
    if args.sheet:
        picture = io.BytesIO()
        draw_sheet(seed=args.seed).save(picture, "PNG", optimize=True)
        write_atomically(args.out, picture.getvalue())
        return
    _refuse_existing(args.out, KDEF_FILES if args.kdef else FER2013_FILES)
    if args.kdef:
        write_kdef(args.out, args.people, args.seed, flat=args.flat, errata=args.errata)
    else:
        write_fer2013(args.out, args.faces, args.seed, args.layout)


def _refuse_existing(folder: Path, patterns: tuple[str, ...]) -> None:
    for pattern in patterns:
        if existing := sorted(folder.glob(pattern)):
            raise ValueError(f"{existing[0]} exists, and may be the real one; name another folder")
