"""Train and test KDEF fold by fold: python tools/kfold.py mm_configs/lanmsff_kdef.py --folds 10

Run again after an interruption, it leaves finished folds alone and resumes the one that it was in.
"""
import argparse
import copy
import json
import statistics
from pathlib import Path

from mmengine.config import Config
from mmengine.dist import is_main_process

from lanmsff_plugins.analysis.tables import markdown
from lanmsff_plugins.files import write_atomically
from lanmsff_plugins.mm.errors import ConfigError
from lanmsff_plugins.mm.launch import add_arguments, build_runner, find_checkpoint, load_config, main, use_amp


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config", help="config file whose data set has folds, such as mm_configs/lanmsff_kdef.py")
    parser.add_argument("--folds", type=int, default=10, help="number of folds (default: 10)")
    parser.add_argument("--by", choices=["person", "image"], default="person",
                        help="what is dealt out into the folds: people, so that nobody is trained on and tested on, "
                             "or single images, as in most papers (default: person)")
    parser.add_argument("--amp", action="store_true", help="mixed precision, on GPU (float16) and CPU (bfloat16)")
    add_arguments(parser)
    return parser.parse_args()


def train_and_test(cfg: Config) -> dict[str, float]:
    """The test metrics of the best checkpoint; training goes on from where it was cut."""
    training = copy.deepcopy(cfg)
    training.resume = True
    build_runner(training, "train", "val").train()
    testing = copy.deepcopy(cfg)
    testing.load_from = find_checkpoint(cfg.work_dir)
    return {name: float(value) for name, value in build_runner(testing, "test").test().items()}


def result_of_fold(cfg: Config, protocol: dict, fold: int) -> dict[str, float]:
    """What is written in the fold's work dir, or is written there now.

    Raises:
        ConfigError: if what is there is of another protocol.
    """
    cfg = copy.deepcopy(cfg)
    cfg.work_dir = str(Path(cfg.work_dir) / f"fold_{fold}")
    cfg.experiment_name = f"{Path(cfg.filename).stem}_fold_{fold}"
    for split in ("train", "val", "test"):
        cfg[f"{split}_dataloader"].dataset.update(fold=fold, folds=protocol["folds"], split_by=protocol["by"])
    path = Path(cfg.work_dir) / "result.json"
    if path.is_file():
        found = json.loads(path.read_text())
        if found["protocol"] != protocol:
            raise ConfigError(f"{path} is of {found['protocol']}, not of {protocol}; name another --work-dir")
        return found["metrics"]
    metrics = train_and_test(cfg)
    write_json(path, {"protocol": protocol, "fold": fold, "metrics": metrics})
    return metrics


def write_json(path: Path, content: dict) -> None:
    if is_main_process():
        write_atomically(path, json.dumps(content, indent=2).encode())


def run() -> None:
    args = parse_args()
    cfg = load_config(args)
    if "fold" not in cfg.train_dataloader.dataset:
        raise ConfigError(f"{args.config} has a data set without folds; take mm_configs/lanmsff_kdef.py or one like it")
    if args.folds < 3:
        raise ConfigError(f"--folds must be 3 or more, for training, validation and test, got {args.folds}")
    if args.amp:
        use_amp(cfg)
    if args.work_dir is None:
        cfg.work_dir += f"_{args.folds}_folds_by_{args.by}"
    protocol = {"config": Path(args.config).name, "folds": args.folds, "by": args.by}
    results = [result_of_fold(cfg, protocol, fold) for fold in range(args.folds)]

    names = list(results[0])
    columns = [[result[name] for result in results] for name in names]
    mean, deviation = (dict(zip(names, map(of, columns))) for of in (statistics.mean, statistics.stdev))
    path = Path(cfg.work_dir) / "kfold.json"
    write_json(path, {"protocol": protocol, "folds": results, "mean": mean, "deviation": deviation})
    if is_main_process():
        rows = [*enumerate(results), ("mean", mean), ("deviation", deviation)]
        print(markdown(["fold", *names], [[head, *(f"{row[name]:.4g}" for name in names)] for head, row in rows]))
        print(f"{path}: {args.folds} folds by {args.by}")


if __name__ == "__main__":
    main(run)
