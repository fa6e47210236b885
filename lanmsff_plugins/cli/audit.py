"""Look for copies, damage and uneven classes in a data set, and write what was found.

    lanmsff audit data/fer2013 --out work_dirs/audit                    FER-2013 in any layout
    lanmsff audit data/kdef --data-set kdef --out work_dirs/audit

It writes audit.json, worst.png, and for FER-2013 lists of test faces that are copies of Training faces;
`lanmsff test --list copies=LIST` gives the accuracies with and without them.
"""
import argparse
from pathlib import Path

from ..data.catalog import DATASETS
from .data_sets import add_data_set_argument, options_taken

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data_root", type=Path, help="folder of the data set")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    add_data_set_argument(parser, [name for name, row in DATASETS.items() if row.audit])
    parser.add_argument("--near", type=float, metavar="R",
                        help="of FER-2013, correlation from which two faces are taken for one (default: 0.95)")


def run(args: argparse.Namespace) -> None:
    audit = DATASETS[args.data_set].audit
    assert audit is not None  # the option's choices have one
    found = audit(args.data_root, **options_taken(audit, args.data_set, near=args.near))
    found.save(args.out)
    show(found.report)
    print(f"{args.out}: {', '.join(sorted(path.name for path in args.out.iterdir()))}")


def show(report: dict, name: str = "") -> None:
    """Print the report's numbers, and of its lists their lengths."""
    for key, value in report.items():
        if isinstance(value, dict):
            show(value, f"{name}{key}: ")
        elif key != "rows":
            print(f"{name}{key}: {f'{len(value):,}' if isinstance(value, list) else f'{value:,}'}")
