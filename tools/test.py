"""Test a checkpoint on the test split: python tools/test.py mm_configs/lanmsff_ferplus.py CHECKPOINT"""
import argparse

from mmengine.config import DictAction

from lanmsff_plugins.mm.launch import (
    add_arguments,
    average_with_mirror,
    build_runner,
    find_checkpoint,
    load_config,
    main,
)


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", help="config file, such as mm_configs/lanmsff_ferplus.py")
    parser.add_argument("checkpoint", help="checkpoint file, or a work dir for the best one in it")
    parser.add_argument("--split", choices=["val", "test"], default="test", help="the split (default: test)")
    parser.add_argument("--tta", action="store_true", help="average the scores of each face and its mirror image")
    parser.add_argument("--list", nargs="+", action=DictAction, default={}, metavar="NAME=FILE",
                        help="tell the accuracies of the faces listed in FILE and of all others")
    parser.add_argument("--out", metavar="FILE", help="write the predictions to FILE, a .npz for tools/report.py")
    add_arguments(parser)
    return parser.parse_args()


def run() -> None:
    args = parse_args()
    cfg = load_config(args)
    cfg.load_from = find_checkpoint(args.checkpoint)
    # A checkpoint's weights are the averaged ones; the hook would swap them for the last step's.
    cfg.custom_hooks = [hook for hook in cfg.get("custom_hooks", []) if hook.type != "EMAHook"]
    if args.split == "val":
        cfg.test_dataloader.dataset.split = "val"
    if args.tta:
        average_with_mirror(cfg)
    for metric in cfg.test_evaluator:
        if metric.type == "lanmsff_plugins.ExpressionMetric":
            metric.update(lists=args.list, out_file=args.out)
    metrics = build_runner(cfg, "test").test()
    print(f"{cfg.load_from}: " + ", ".join(f"{name} {value:.4g}" for name, value in metrics.items()))


if __name__ == "__main__":
    main(run)
