"""Train and test a data set with folds, such as KDEF, fold by fold, with mean and deviation at the end.

    lanmsff kfold lanmsff_kdef --folds 10 --amp

Rerun after an interruption, it skips finished folds and resumes the one that it was in.
"""
import argparse
import copy
from pathlib import Path

from mmengine.config import Config
from mmengine.dist import is_main_process

from ..base.errors import ConfigError
from ..base.tables import markdown
from ..mm.engine.trials import mean_and_deviation, run_trial, write_json
from .options import add_config_arguments, config_from, settings_from

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("config", help="a config's name or file whose data set has folds, such as lanmsff_kdef")
    parser.add_argument("--folds", type=int, default=10, help="number of folds (default: 10)")
    parser.add_argument("--split-by", "--by", choices=["person", "image"], default="person",
                        help="what is dealt into the folds: people, so that nobody is trained on and tested on, or "
                             "single images, as in most papers (default: person)")
    add_config_arguments(parser)


def result_of_fold(cfg: Config, protocol: dict, fold: int) -> dict[str, float]:
    """The test metrics of one fold, trained and tested in a work dir of its own."""
    cfg = copy.deepcopy(cfg)
    cfg.work_dir = str(Path(cfg.work_dir) / f"fold_{fold}")
    for split in ("train", "val", "test"):
        cfg[f"{split}_dataloader"].dataset.update(fold=fold, folds=protocol["folds"], split_by=protocol["by"])
    return run_trial(cfg, {**protocol, "fold": fold})


def table(results: list[dict[str, float]], mean: dict[str, float], deviation: dict[str, float]) -> str:
    """A row a fold, a column a metric; a cell is empty where a fold has no picture of a class or view."""
    rows = [*enumerate(results), ("mean", mean), ("deviation", deviation)]
    return markdown(["fold", *mean], [[head, *(f"{row[name]:.4g}" if name in row else "" for name in mean)]
                                      for head, row in rows])


def run(args: argparse.Namespace) -> None:
    cfg = config_from(args)
    loaders = [cfg.get(f"{split}_dataloader") or {} for split in ("train", "val", "test")]
    if any("fold" not in loader.get("dataset", {}) for loader in loaders):
        raise ConfigError(f"{args.config} has a data set without folds; take lanmsff_kdef or one like it")
    if args.folds < 3:
        raise ConfigError(f"--folds must be 3 or more, for training, validation and test, got {args.folds}")
    if args.work_dir is None:
        cfg.work_dir += f"_{args.folds}_folds_by_{args.split_by}"
    protocol = {"config": Path(cfg.filename).name, "folds": args.folds, "by": args.split_by, **settings_from(args)}
    results = [result_of_fold(cfg, protocol, fold) for fold in range(args.folds)]

    mean, deviation = mean_and_deviation(results)
    path = Path(cfg.work_dir) / "kfold.json"
    write_json(path, {"protocol": protocol, "folds": results, "mean": mean, "deviation": deviation})
    if is_main_process():
        print(table(results, mean, deviation))
        print(f"{path}: {args.folds} folds by {args.split_by}")
