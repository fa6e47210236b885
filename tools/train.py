"""Train a model from a config: python tools/train.py mm_configs/lanmsff_ferplus.py"""
import argparse

from lanmsff_plugins.mm.launch import add_arguments, build_runner, load_config, main, resume_last


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", help="config file, such as mm_configs/lanmsff_ferplus.py")
    parser.add_argument("--resume", nargs="?", const="auto", metavar="CHECKPOINT",
                        help="continue from a checkpoint, by default from the last one in the work dir")
    parser.add_argument("--no-validate", action="store_true", help="do not validate between epochs")
    parser.add_argument("--auto-scale-lr", action="store_true",
                        help="scale the learning rate with the batch size over all processes")
    add_arguments(parser)
    return parser.parse_args()


def run() -> None:
    args = parse_args()
    cfg = load_config(args)
    if args.no_validate:
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    if args.auto_scale_lr:
        cfg.auto_scale_lr.enable = True
    if args.resume == "auto":
        resume_last(cfg)
    elif args.resume:
        cfg.resume, cfg.load_from = True, args.resume
    build_runner(cfg, "train", "val").train()


if __name__ == "__main__":
    main(run)
