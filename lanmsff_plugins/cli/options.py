"""Options that several commands share."""
import argparse
import json
import os
from pathlib import Path

from mmengine.config import Config, DictAction

from ..mm.engine.launch import load_config

__all__ = ["add_config_arguments", "add_list_argument", "config_from", "read_lists", "settings_from"]


class _KeyValueAction(DictAction):
    """MMEngine's action for ``KEY=VALUE ...``, with an error message of one line."""

    def __call__(self, parser, namespace, values, option_string=None):
        try:
            super().__call__(parser, namespace, values, option_string)
        except (AssertionError, ValueError):
            parser.error(f"{option_string} takes KEY=VALUE, with the brackets of lists closed, got {' '.join(values)}")


def add_config_arguments(parser: argparse.ArgumentParser, training: bool = True) -> None:
    """The options of MMPretrain's tools that training and testing share, and ``--amp`` for training."""
    if training:
        parser.add_argument("--amp", action="store_true", help="mixed precision, on GPU (float16) and CPU (bfloat16)")
    parser.add_argument("--work-dir", help="where logs and checkpoints go (default: work_dirs/CONFIG)")
    parser.add_argument("--cfg-options", nargs="+", action=_KeyValueAction, default={}, metavar="KEY=VALUE",
                        help="settings to override in the config, such as train_cfg.max_epochs=2")
    parser.add_argument("--launcher", choices=["none", "pytorch", "slurm", "mpi"], default="none",
                        help="job launcher; pytorch under torchrun")
    parser.add_argument("--local_rank", "--local-rank", type=int, default=0, help=argparse.SUPPRESS)


def config_from(args: argparse.Namespace) -> Config:
    """The config that the command line names, with the shared options applied.

    Raises:
        FileNotFoundError: if there is no such config.
        ConfigError: if it cannot be read as one.
    """
    os.environ.setdefault("LOCAL_RANK", str(args.local_rank))
    return load_config(args.config, args.work_dir, args.cfg_options, args.launcher, vars(args).get("amp", False))


def settings_from(args: argparse.Namespace) -> dict:
    """The shared options that change what is trained, in JSON's types; empty without any."""
    settings = {"cfg_options": args.cfg_options, "amp": args.amp}
    return json.loads(json.dumps({name: value for name, value in settings.items() if value}))


def add_list_argument(parser: argparse.ArgumentParser) -> None:
    """The option ``--list NAME=FILE ...``, for :func:`read_lists`."""
    parser.add_argument("--list", nargs="+", action="extend", type=_name_and_file, default=[], metavar="NAME=FILE",
                        dest="lists", help="tell the accuracies of the faces listed in FILE and of all others")


def read_lists(args: argparse.Namespace) -> dict[str, Path]:
    """The files of lists by name."""
    return dict(args.lists)


def _name_and_file(text: str) -> tuple[str, Path]:
    name, found, file = text.partition("=")
    if not found:
        raise argparse.ArgumentTypeError(f"expected NAME=FILE, got {text!r}")
    return name, Path(file)
