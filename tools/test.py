"""Test a checkpoint on the test split: python tools/test.py mm_configs/lanmsff_ferplus.py CHECKPOINT"""
import argparse

from lanmsff_plugins.mm.launch import add_arguments, build_runner, find_checkpoint, load_config, main


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", help="config file, such as mm_configs/lanmsff_ferplus.py")
    parser.add_argument("checkpoint", help="checkpoint file, or a work dir for the best one in it")
    parser.add_argument("--out", metavar="FILE", help="write the predictions to FILE, a .pkl")
    add_arguments(parser)
    return parser.parse_args()


def run() -> None:
    args = parse_args()
    cfg = load_config(args)
    cfg.load_from = find_checkpoint(args.checkpoint)
    if args.out:
        cfg.test_evaluator = [*cfg.test_evaluator, dict(type="DumpResults", out_file_path=args.out)]
    metrics = build_runner(cfg, "test").test()
    print(f"{cfg.load_from}: " + ", ".join(f"{name} {value:.4g}" for name, value in metrics.items()))


if __name__ == "__main__":
    main(run)
