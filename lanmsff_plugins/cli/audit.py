"""Look for copies, damage and uneven classes in a data set, and write what was found.

    lanmsff audit data/fer2013 --out work_dirs/audit     FER-2013 in any layout
    lanmsff audit data/kdef --kdef --out work_dirs/audit

It writes audit.json, worst.png, and for FER-2013 lists of test faces that are copies of Training faces;
`lanmsff test --list copies=LIST` gives the accuracies with and without them.
"""
import argparse
import io
import json
from pathlib import Path

from ..base.files import write_atomically
from ..data.audit import Audit, audit_faces, audit_kdef
from ..data.audit.copies import NEAR
from ..data.face_list import write_face_list
from ..data.fer2013.reader import read_fer2013

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data_root", type=Path, help="folder of the data set")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    parser.add_argument("--kdef", action="store_true", help="the data set is KDEF")
    parser.add_argument("--near", type=float, default=NEAR, metavar="R",
                        help="correlation from which two faces are taken for one (default: %(default)s)")


def run(args: argparse.Namespace) -> None:
    if args.kdef:
        audit = audit_kdef(args.data_root)
    else:
        faces = read_fer2013(args.data_root)
        audit = audit_faces(faces, args.near)
        for name, rows in audit.lists.items():
            usage = name.partition("_")[0]
            kind = "copies or nearly so" if "near" in name else "pixel-exact copies"
            write_face_list(args.out / f"{name}.txt", faces.pixels, rows,
                            f"{usage} faces that are {kind} of Training faces.")
    write(args.out, audit)
    show(audit.report)
    print(f"{args.out}: {', '.join(sorted(path.name for path in args.out.iterdir()))}")


def write(out: Path, audit: Audit) -> None:
    """Write the report and the picture of the worst."""
    write_atomically(out / "audit.json", json.dumps(audit.report, indent=1).encode())
    sheet = audit.sheet()
    if sheet is not None:
        picture = io.BytesIO()
        sheet.save(picture, "PNG")
        write_atomically(out / "worst.png", picture.getvalue())


def show(report: dict, name: str = "") -> None:
    """Print the report's numbers, and of its lists their lengths."""
    for key, value in report.items():
        if isinstance(value, dict):
            show(value, f"{name}{key}: ")
        elif key != "rows":
            print(f"{name}{key}: {f'{len(value):,}' if isinstance(value, list) else f'{value:,}'}")
