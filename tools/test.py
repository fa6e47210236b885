"""Test a checkpoint: python tools/test.py mm_configs/lanmsff_ferplus.py CHECKPOINT

The predictions go to the work dir as SPLIT.npz, or SPLIT_mirror.npz, for tools/report.py.
"""
import argparse

from lanmsff_plugins.data.selection import SPLITS
from lanmsff_plugins.mm.evaluation import add_list_argument, evaluate
from lanmsff_plugins.mm.launch import add_arguments, find_checkpoint, load_config, main


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", help="config file, such as mm_configs/lanmsff_ferplus.py")
    parser.add_argument("checkpoint", help="checkpoint file, or a work dir for the best one in it")
    parser.add_argument("--split", choices=list(SPLITS), default="test", help="the split (default: test)")
    parser.add_argument("--tta", action="store_true", help="average the scores of each face and its mirror image")
    add_list_argument(parser)
    add_arguments(parser, training=False)
    return parser.parse_args()


def run() -> None:
    args = parse_args()
    checkpoint = find_checkpoint(args.checkpoint)
    metrics, _ = evaluate(load_config(args), checkpoint, args.split, args.tta, dict(args.list))
    print(f"{checkpoint}: " + ", ".join(f"{name} {value:.4g}" for name, value in metrics.items()))


if __name__ == "__main__":
    main(run)
