"""Test a checkpoint: python tools/test.py mm_configs/lanmsff_ferplus.py CHECKPOINT

The predictions go to the work dir as SPLIT.npz, or SPLIT_mirror.npz, for tools/report.py and tools/publish_model.py.
"""
import argparse
from pathlib import Path

from lanmsff_plugins.mm.launch import (
    KeyValueAction,
    add_arguments,
    average_with_mirror,
    build_runner,
    check_checkpoint,
    find_checkpoint,
    load_config,
    main,
)


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", help="config file, such as mm_configs/lanmsff_ferplus.py")
    parser.add_argument("checkpoint", help="checkpoint file, or a work dir for the best one in it")
    parser.add_argument("--split", choices=["train", "val", "test"], default="test", help="the split (default: test)")
    parser.add_argument("--tta", action="store_true", help="average the scores of each face and its mirror image")
    parser.add_argument("--list", nargs="+", action=KeyValueAction, default={}, metavar="NAME=FILE",
                        help="tell the accuracies of the faces listed in FILE and of all others")
    add_arguments(parser, training=False)
    return parser.parse_args()


def run() -> None:
    args = parse_args()
    cfg = load_config(args)
    cfg.load_from = find_checkpoint(args.checkpoint)
    check_checkpoint(cfg)
    cfg.test_dataloader.dataset.split = args.split
    if args.tta:
        average_with_mirror(cfg)
    out_file = Path(cfg.work_dir) / f"{args.split}{'_mirror' if args.tta else ''}.npz"
    for metric in cfg.test_evaluator:
        if metric.type == "lanmsff_plugins.ExpressionMetric":
            metric.update(lists=args.list, out_file=str(out_file))
    metrics = build_runner(cfg, "test").test()
    print(f"{cfg.load_from}: " + ", ".join(f"{name} {value:.4g}" for name, value in metrics.items()))


if __name__ == "__main__":
    main(run)
