"""The entry point: ``lanmsff COMMAND ...``, which is also ``python -m lanmsff_plugins COMMAND ...``."""
import argparse
import importlib
import sys
import warnings
from collections.abc import Sequence
from typing import NoReturn

from .. import __version__
from ..base.errors import unknown
from .shell import fail, shell

__all__ = ["COMMANDS", "main"]

COMMANDS = {  # name: what it does; its module has the same name
    "predict": "find faces in photographs and videos, and say their expressions",
    "train": "train a network from a config",
    "test": "test a checkpoint: accuracy by class, view and list",
    "kfold": "train and test fold by fold",
    "compare": "train a CNN with and without layers on your pictures",
    "config": "list the configs, or write one of them to start from",
    "export": "write a model as ONNX, and as int8",
    "flops": "count parameters, multiply-accumulates and operations",
    "benchmark": "measure how fast a model is, or how fast data are read",
    "report": "write a page about finished runs",
    "audit": "look for copies and damage in a data set",
    "prepare": "convert a data set to one compact file",
    "draw": "draw synthetic faces in the data sets' formats",
    "convert-keras": "convert the authors' Keras weights",
}


def main(command: str | None = None, argv: Sequence[str] | None = None) -> None:
    """Run a command.

    Args:
        command: Which one; the first of ``argv`` by default.
        argv: The arguments; those of the process by default.
    """
    argv = list(sys.argv[1:] if argv is None else argv)
    if command is None:
        if not argv or argv[0] in ("-h", "--help"):
            print(_usage())
            return
        if argv[0] == "--version":
            print(f"lanmsff-plugins {__version__}")
            return
        command = argv.pop(0)
    if command not in COMMANDS:
        fail(unknown("command", command, COMMANDS))
    warnings.filterwarnings("ignore", ".*torch.jit.script", FutureWarning)  # timm's own use, at its import
    with shell():  # what a command needs may be missing
        module = importlib.import_module(f".{command.replace('-', '_')}", __package__)
    parser = _Parser(prog=f"lanmsff {command}", description=module.__doc__,
                     formatter_class=argparse.RawDescriptionHelpFormatter)
    module.add_arguments(parser)
    parser.add_argument("--debug", action="store_true", help="show the traceback of errors")
    args = parser.parse_args(argv)
    with shell(args.debug):
        module.run(args)


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, as all others are."""

    def error(self, message: str) -> NoReturn:
        fail(f"{message}; see {self.prog} --help")


def _usage() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {summary}" for name, summary in COMMANDS.items()]
    return "\n".join([
        "usage: lanmsff COMMAND ...", "",
        "LANMSFF: facial expressions, attention and fusion layers.", "",
        "commands:", *lines, "",
        "lanmsff COMMAND --help shows a command's options; --version the version."])
