"""List the package's configs, or write one of them, with its bases merged in, as a file to start from.

    lanmsff config
    lanmsff config lanmsff_ferplus --out my_config.py
"""
import argparse
from itertools import takewhile
from pathlib import Path

from ..base.files import write_atomically
from ..mm.engine.configs import config_names, find_config, standalone

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("config", nargs="?", help="a config's name; without one, all names are listed")
    parser.add_argument("--out", type=Path, help="file to write (default: NAME.py in this folder)")


def run(args: argparse.Namespace) -> None:
    if args.config is None:
        print("\n".join(f"{name:<44} {summary(name)}" for name in config_names()))
        return
    path = args.out or Path(f"{Path(args.config).stem}.py")
    if path.exists():
        raise ValueError(f"{path} exists; name another file by --out")
    write_atomically(path, standalone(args.config).encode())
    print(f"{path}: edit it, then `lanmsff train {path}`")


def summary(name: str) -> str:
    """The first sentence of a config's comments."""
    comments = takewhile(lambda line: line.startswith("#"), find_config(name).read_text().splitlines())
    return " ".join(line.removeprefix("# ") for line in comments).partition(". ")[0].rstrip(".")
