"""Training fold by fold, interrupted and gone on with, on ten drawn people."""
import json
import os
import signal
import statistics

import pytest

pytest.importorskip("mmpretrain")

from mmengine.hooks import Hook  # noqa: E402

from lanmsff_plugins.cli.kfold import table  # noqa: E402

from ..conftest import ROOT  # noqa: E402
from ..mm.runs import call_command, load, tiny  # noqa: E402


class KillInFold(Hook):
    """End the process in the second epoch of a fold."""

    def __init__(self, fold: int):
        self.fold = fold

    def before_train_epoch(self, runner):
        if runner.epoch == 1 and runner.work_dir.endswith(f"fold_{self.fold}"):
            os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture(scope="module")
def config(drawn_kdef, tmp_path_factory):
    """A config file of KDEF's, so small that a fold takes seconds."""
    pipeline = [dict(type="LoadImageFromFile", color_type="grayscale"), dict(type="Resize", scale=(16, 16)),
                dict(type="PackInputs")]
    cfg = tiny(drawn_kdef, "unused", "lanmsff_kdef.py", train_cfg__max_epochs=2)
    for split in ("train", "val", "test"):
        cfg[f"{split}_dataloader"].dataset.pipeline = pipeline
    path = tmp_path_factory.mktemp("config") / "kdef.py"
    cfg.dump(path)
    return path


@pytest.fixture(scope="module")
def cut(config, tmp_path_factory):
    """A work dir in which the second of three folds was cut after an epoch."""
    work_dir = tmp_path_factory.mktemp("work")
    killed = call_command("kfold", config, "--folds", 3, "--work-dir", work_dir, hooks=[KillInFold(1)])
    assert killed.returncode == -signal.SIGKILL
    assert (work_dir / "fold_1" / "last_checkpoint").read_text().endswith("epoch_1.pth")
    return work_dir


def test_a_cut_run_goes_on_in_the_fold_it_was_in_and_ends_in_a_table(config, cut):
    def files():
        return {path: path.stat().st_mtime_ns for path in (cut / "fold_0").rglob("*")}

    finished = files()
    done = call_command("kfold", config, "--folds", 3, "--work-dir", cut)
    assert done.returncode == 0, done.stderr
    assert files() == finished
    assert load(cut / "fold_1" / "epoch_2.pth")["meta"]["epoch"] == 2
    records = [json.loads(line) for path in (cut / "fold_1").rglob("scalars.json") for line in path.open()]
    assert sorted(record["epoch"] for record in records if "epoch" in record) == [1, 2]  # neither was trained twice

    report = json.loads((cut / "kfold.json").read_text())
    assert report["protocol"] == {"config": "kdef.py", "folds": 3, "by": "person"}
    results = [json.loads((cut / f"fold_{fold}" / "result.json").read_text())["metrics"] for fold in range(3)]
    assert report["folds"] == results
    top1 = [result["accuracy/top1"] for result in results]
    assert report["mean"]["accuracy/top1"] == pytest.approx(sum(top1) / 3)
    assert report["deviation"]["accuracy/top1"] == pytest.approx(statistics.stdev(top1))
    rows = [line.split(" | ")[0].strip("| ") for line in done.stdout.splitlines() if line.startswith("| ")]
    assert rows == ["fold", "---", "0", "1", "2", "mean", "deviation"]


@pytest.mark.parametrize("args", [["--by", "image"], ["--amp"], ["--cfg-options", "train_cfg.max_epochs=1"]])
def test_results_of_another_protocol_are_not_mixed_in(config, cut, args):
    done = call_command("kfold", config, "--folds", 3, "--work-dir", cut, *args)
    assert done.returncode == 2
    assert "fold_0/result.json is of" in done.stderr and done.stderr.endswith("name another --work-dir\n")


def test_a_cell_is_empty_where_a_fold_has_no_picture_of_a_view():
    *_, first, second, mean, deviation = table([{"a": 1.}, {"a": 3., "view/S": 5.}], {"a": 2., "view/S": 5.},
                                               {"a": 1.41421, "view/S": float("nan")}).splitlines()
    assert first == "| 0 | 1 |  |" and second == "| 1 | 3 | 5 |"
    assert mean == "| mean | 2 | 5 |" and deviation == "| deviation | 1.414 | nan |"


@pytest.mark.parametrize(("args", "message"), [
    ((ROOT / "mm_configs" / "lanmsff_ferplus.py",), "has a data set without folds; take lanmsff_kdef or one like it"),
    ((ROOT / "mm_configs" / "lanmsff_kdef.py", "--folds", 2), "--folds must be 3 or more")])
def test_what_cannot_be_is_refused_in_one_line(args, message):
    done = call_command("kfold", *args)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ") and message in done.stderr and done.stderr.count("\n") == 1
