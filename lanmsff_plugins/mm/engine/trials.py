"""Many trainings in a row, each with a test at its end: what is done is not done again, what was cut is resumed."""
import copy
import json
import statistics
from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config
from mmengine.dist import is_main_process

from ...base.errors import ConfigError
from ...base.files import write_atomically
from .launch import build_runner, find_checkpoint, hold_work_dir, last_checkpoint, resume_last

__all__ = ["mean_and_deviation", "run_trial", "write_json"]


def run_trial(cfg: Config, protocol: dict) -> dict[str, float]:
    """Train by a config and test the best checkpoint, or the last where nothing is validated; or read what this has
    given before.

    Args:
        cfg: The config; its ``work_dir`` is the trial's own, and a training that was cut there is resumed.
        protocol: What the trial is, in JSON's types; it is kept in ``protocol.json`` and beside the result.

    Returns:
        The test metrics, which stand in ``result.json`` of the work dir from then on.

    Raises:
        ConfigError: if the result or the cut training that is there is of another protocol.
        FolderInUseError: if another training is running there, whose protocol stays.
    """
    with hold_work_dir(cfg):
        return _run(cfg, protocol)


def _run(cfg: Config, protocol: dict) -> dict[str, float]:
    path = Path(cfg.work_dir) / "result.json"
    if path.is_file():
        found = json.loads(path.read_text())
        _check_protocol(path, found["protocol"], protocol)
        return found["metrics"]
    begun = path.with_name("protocol.json")
    if begun.is_file() and last_checkpoint(cfg.work_dir):
        _check_protocol(begun, json.loads(begun.read_text()), protocol)
    write_json(begun, protocol)
    cfg = copy.deepcopy(cfg)
    cfg.experiment_name = "_".join(Path(cfg.work_dir).parts[-2:])
    testing = copy.deepcopy(cfg)
    resume_last(cfg)
    build_runner(cfg, "train", "val").train()
    validated = cfg.get("val_dataloader") is not None
    testing.load_from = find_checkpoint(cfg.work_dir) if validated else last_checkpoint(cfg.work_dir)
    metrics = {name: float(value) for name, value in build_runner(testing, "test").test().items()}
    write_json(path, {"protocol": protocol, "metrics": metrics})
    return metrics


def _check_protocol(path: Path, found: dict, wanted: dict) -> None:
    if found != wanted:
        raise ConfigError(f"{path} is of {found}, not of {wanted}; name another --work-dir")


def mean_and_deviation(results: Sequence[dict[str, float]]) -> tuple[dict[str, float], dict[str, float]]:
    """Mean and standard deviation of each metric, over the results that have it; the deviation of one is NaN."""
    names = dict.fromkeys(name for result in results for name in result)
    columns = {name: [result[name] for result in results if name in result] for name in names}
    return ({name: statistics.mean(column) for name, column in columns.items()},
            {name: statistics.stdev(column) if len(column) > 1 else float("nan") for name, column in columns.items()})


def write_json(path: Path, content: dict) -> None:
    """Write a file once, however many processes there are."""
    if is_main_process():
        write_atomically(path, (json.dumps(content, indent=2) + "\n").encode())
