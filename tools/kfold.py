"""Train and test KDEF fold by fold: python tools/kfold.py mm_configs/lanmsff_kdef.py --folds 10

Run again after an interruption, it leaves finished folds alone and resumes the one that it was in.
"""
import argparse
import copy
from pathlib import Path

from mmengine.config import Config
from mmengine.dist import is_main_process

from lanmsff_plugins.analysis.tables import markdown
from lanmsff_plugins.mm.errors import ConfigError
from lanmsff_plugins.mm.launch import add_arguments, load_config, main
from lanmsff_plugins.mm.trials import mean_and_deviation, run_trial, write_json


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config", help="config file whose data set has folds, such as mm_configs/lanmsff_kdef.py")
    parser.add_argument("--folds", type=int, default=10, help="number of folds (default: 10)")
    parser.add_argument("--by", choices=["person", "image"], default="person",
                        help="what is dealt out into the folds: people, so that nobody is trained on and tested on, "
                             "or single images, as in most papers (default: person)")
    add_arguments(parser)
    return parser.parse_args()


def result_of_fold(cfg: Config, protocol: dict, fold: int) -> dict[str, float]:
    """The test metrics of one fold, trained and tested in a work dir of its own."""
    cfg = copy.deepcopy(cfg)
    cfg.work_dir = str(Path(cfg.work_dir) / f"fold_{fold}")
    for split in ("train", "val", "test"):
        cfg[f"{split}_dataloader"].dataset.update(fold=fold, folds=protocol["folds"], split_by=protocol["by"])
    return run_trial(cfg, {**protocol, "fold": fold})


def run() -> None:
    args = parse_args()
    cfg = load_config(args)
    if "fold" not in cfg.train_dataloader.dataset:
        raise ConfigError(f"{args.config} has a data set without folds; take mm_configs/lanmsff_kdef.py or one like it")
    if args.folds < 3:
        raise ConfigError(f"--folds must be 3 or more, for training, validation and test, got {args.folds}")
    if args.work_dir is None:
        cfg.work_dir += f"_{args.folds}_folds_by_{args.by}"
    protocol = {"config": Path(args.config).name, "folds": args.folds, "by": args.by}
    results = [result_of_fold(cfg, protocol, fold) for fold in range(args.folds)]

    mean, deviation = mean_and_deviation(results)
    path = Path(cfg.work_dir) / "kfold.json"
    write_json(path, {"protocol": protocol, "folds": results, "mean": mean, "deviation": deviation})
    if is_main_process():
        names = list(mean)
        rows = [*enumerate(results), ("mean", mean), ("deviation", deviation)]
        print(markdown(["fold", *names], [[head, *(f"{row[name]:.4g}" for name in names)] for head, row in rows]))
        print(f"{path}: {args.folds} folds by {args.by}")


if __name__ == "__main__":
    main(run)
