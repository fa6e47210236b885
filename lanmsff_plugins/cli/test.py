"""Test a checkpoint: accuracy, balanced accuracy, F1, calibration, by class, view of the head and list of faces.

    lanmsff test lanmsff_ferplus work_dirs/lanmsff_ferplus      the best checkpoint of a work dir
    lanmsff test lanmsff_ferplus lanmsff://lanmsff_ferplus      the packaged weights

The predictions go to the work dir as SPLIT.npz, or SPLIT_mirror.npz, for `lanmsff report`.
"""
import argparse

from ..data.splits import SPLITS
from ..mm.engine.evaluation import evaluate
from ..mm.engine.launch import find_checkpoint
from .options import add_config_arguments, add_list_argument, config_from, read_lists

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("config", help="a config's name, such as lanmsff_ferplus, or its file")
    parser.add_argument("checkpoint", help="checkpoint file, or a work dir for the best one in it")
    parser.add_argument("--split", choices=list(SPLITS), default="test", help="the split (default: test)")
    parser.add_argument("--mirror", "--tta", action="store_true",
                        help="average the scores of each face and its mirror image")
    add_list_argument(parser)
    add_config_arguments(parser, training=False)


def run(args: argparse.Namespace) -> None:
    checkpoint, cfg = find_checkpoint(args.checkpoint), config_from(args)
    metrics, predictions = evaluate(cfg, checkpoint, args.split, args.mirror, read_lists(args))
    print(f"{checkpoint}: " + ", ".join(f"{name} {value:.4g}" for name, value in metrics.items()))
    print(f"predictions: {predictions}")
    if args.split == "test" and "expected" in cfg:  # a config's own words
        print(f"expected: {cfg.expected}")
        print(f"next: lanmsff report {cfg.work_dir}")
