"""Test a checkpoint on the test split: python tools/test.py mm_configs/lanmsff_ferplus.py CHECKPOINT"""
import argparse
from pathlib import Path

from lanmsff_plugins.mm.launch import add_arguments, build_runner, load_config, main


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", help="config file, such as mm_configs/lanmsff_ferplus.py")
    parser.add_argument("checkpoint", help="checkpoint file")
    parser.add_argument("--out", metavar="FILE", help="write the predictions to FILE, a .pkl")
    add_arguments(parser)
    return parser.parse_args()


def run() -> None:
    args = parse_args()
    cfg = load_config(args)
    if not Path(args.checkpoint).is_file():
        raise FileNotFoundError(f"no checkpoint at {args.checkpoint}; tools/train.py writes them to its work dir")
    cfg.load_from = args.checkpoint
    if args.out:
        cfg.test_evaluator = [*cfg.test_evaluator, dict(type="DumpResults", out_file_path=args.out)]
    build_runner(cfg).test()


if __name__ == "__main__":
    main(run)
