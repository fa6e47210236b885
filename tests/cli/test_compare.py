"""`lanmsff compare` on a folder of drawn pictures: the pairs are pairs, and a kill costs nothing that was done."""
import json
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest
import torch

pytest.importorskip("mmpretrain")

from mmengine.hooks import Hook  # noqa: E402

from lanmsff_plugins.cli import compare as command  # noqa: E402  (once, and not in each fork)
from lanmsff_plugins.comparison import budget  # noqa: E402
from lanmsff_plugins.scores import Predictions  # noqa: E402

from ..comparison.pictures import draw_folders  # noqa: E402
from ..mm.runs import call_command  # noqa: E402
from ..versions import small_resnet  # noqa: E402

pytestmark = small_resnet

LAYERS = ("MassAtt", f"{__name__}:Noise")


class Noise(torch.nn.Module):
    """A layer that changes nothing, and draws random numbers in training."""

    def __init__(self, channels: int):
        super().__init__()

    def forward(self, x):
        if self.training:
            torch.rand(3)
        return x


class Record(Hook):
    """Write which pictures a training sees, and how they look to the network."""

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        names = [sample.get("name") for sample in data_batch["data_samples"]]
        with Path(runner.work_dir, "seen.jsonl").open("a") as file:
            file.write(json.dumps(names) + "\n")
        runner.model.model.register_forward_pre_hook(self.note)

    def note(self, module, args):
        if module.training:
            self.sums = float(args[0].double().sum())

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        with Path(runner.work_dir, "seen.jsonl").open("a") as file:
            file.write(json.dumps(self.sums) + "\n")


class Kill(Hook):
    """End the process in the second epoch of a training."""

    def __init__(self, folder: str):
        self.folder = folder

    def before_train_epoch(self, runner):
        if runner.epoch == 1 and runner.work_dir.endswith(self.folder):
            os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return draw_folders(tmp_path_factory.mktemp("strangers") / "my pictures")


def compare(root, work_dir, *args, layers=LAYERS, hooks=(), length=("--epochs", 2)):
    return call_command("compare", "--host", "test_resnet", "--data", root, "--size", 32, "--batch-size", 8, *length,
                        "--work-dir", work_dir, "--layers", *layers, *args, hooks=hooks)


def results(work_dir: Path) -> dict[str, bytes]:
    return {path.parent.relative_to(work_dir).as_posix(): path.read_bytes() for path in work_dir.rglob("val.npz")}


@pytest.fixture(scope="module")
def compared(root, tmp_path_factory):
    """Two seeds in one go."""
    work_dir = tmp_path_factory.mktemp("compared")
    done = compare(root, work_dir, "--seeds", 2, hooks=[Record()])
    assert done.returncode == 0, done.stderr
    return work_dir, done


def test_variants_see_the_same_batches_and_the_same_augmentation(compared):
    work_dir, _ = compared
    for seed in range(2):
        seen = [path.read_text() for path in work_dir.glob(f"*/seed_{seed}/seen.jsonl")]
        assert len(seen) == 3 and len(set(seen)) == 1 and seen[0].count("\n") == 2 * 3 * 2
    assert len({path.read_text() for path in work_dir.glob("none/*/seen.jsonl")}) == 2


def test_a_layer_that_changes_nothing_gives_an_identical_network(compared):
    work_dir, _ = compared
    for seed in range(2):
        bare, same, other = (Predictions.load(work_dir / name / f"seed_{seed}" / "val.npz").scores
                             for name in ("none", f"{__name__}_Noise", "MassAtt"))
        assert (same == bare).all() and (other != bare).any()


def test_the_table_has_a_row_for_each_and_the_files_are_named(root, compared):
    work_dir, done = compared
    rows = [line.split()[0] for line in done.stdout.splitlines()[:4]]
    assert rows == ["layer", "none", *LAYERS]
    assert all(str(work_dir / f"compare.{kind}") in done.stdout for kind in ("md", "json", "svg"))
    assert f"No different from none beyond chance: {', '.join(LAYERS)}" in done.stdout
    assert f"names are not those of pictures: 1, such as {root / 'disc' / 'notes.txt'}\n" in done.stderr
    report = json.loads((work_dir / "compare.json").read_text())
    accuracies = {row["layer"]: row["accuracies"] for row in report["rows"]}
    for seed in range(2):
        predictions = Predictions.load(work_dir / "MassAtt" / f"seed_{seed}" / "val.npz")
        assert accuracies["MassAtt"][seed] == pytest.approx(predictions.accuracy)
    assert not list(work_dir.rglob("*.pth"))


def test_a_comparison_that_was_killed_ends_as_if_it_had_not_been(root, compared, tmp_path):
    killed = compare(root, tmp_path, hooks=[Record(), Kill("MassAtt/seed_0")])
    assert killed.returncode == -signal.SIGKILL and set(results(tmp_path)) == {"none/seed_0"}
    before = (tmp_path / "none" / "seed_0" / "result.json").stat().st_mtime_ns
    done = compare(root, tmp_path, "--seeds", 1, hooks=[Record()])
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "none" / "seed_0" / "result.json").stat().st_mtime_ns == before
    assert "training none" not in done.stderr and "training MassAtt, seed 0" in done.stderr
    for name in ("none", "MassAtt", f"{__name__}_Noise"):
        got, expected = (Predictions.load(folder / name / "seed_0" / "val.npz").scores
                         for folder in (tmp_path, compared[0]))
        np.testing.assert_array_equal(got, expected)
    seen = Path("MassAtt", "seed_0", "seen.jsonl")
    assert (tmp_path / seen).read_text() == (compared[0] / seen).read_text()  # no epoch was trained twice


def test_layers_and_seeds_can_be_added_and_what_is_there_is_not_trained_again(root, compared):
    work_dir, _ = compared
    before = results(work_dir)
    done = compare(root, work_dir, "--seeds", 1, layers=("eca",), length=())
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stderr.splitlines() if line.startswith("training eca")] and "none" not in done.stderr
    after = results(work_dir)
    assert after.keys() - before.keys() == {"eca/seed_0"} and all(after[name] == before[name] for name in before)


def test_the_epochs_are_found_from_the_budget(root, tmp_path, monkeypatch):
    monkeypatch.setattr(budget, "MAX_EPOCHS", 2)
    done = compare(root, tmp_path, "--seeds", 1, layers=("se",), length=("--budget", "1h"))
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "plan.json").read_text())["epochs"] == 2
    assert "timing none" in done.stderr and "2 epochs for each of 2 trainings, about" in done.stderr
    assert "test_resnet, 2 epochs, 1 seed:" in done.stdout and not (tmp_path / "timing").exists()


class Trainings:
    """Stands for the trainings in a work dir: notes which are asked for, and takes no time."""

    def __init__(self, *done):
        self.done, self.trained = set(done), []

    def is_done(self, layer, seed):
        return (layer, seed) in self.done

    def train(self, layer, seed):
        self.trained.append((layer, seed))
        return layer, seed


@pytest.mark.parametrize(("done", "left", "seeds"), [
    ([], 100, 3), ([], -1, 1), ([("none", 1), ("se", 1)], -1, 2), ([("none", 1)], -1, 1)])
def test_the_seeds_for_which_there_is_no_time_are_left_out_whole(done, left, seeds, capsys):
    trainings = Trainings(*done)
    results = command._train_all(trainings, ["none", "se"], 3, time.monotonic() + left)
    assert results == {layer: [(layer, seed) for seed in range(seeds)] for layer in ("none", "se")}
    assert trainings.trained == [(layer, seed) for seed in range(seeds) for layer in ("none", "se")]
    said = capsys.readouterr().err
    assert (f"the budget allows for {seeds} of 3 seeds; rerun the command" in said) == (seeds < 3)


@pytest.mark.parametrize(("args", "message"), [
    (["--layers", "MasAtt"], "unknown layer 'MasAtt'; did you mean MassAtt?"),
    (["--layers", "none"], "--layers needs a layer to compare, such as MassAtt or se"),
    (["--layers", "se", "--host", "test_resnett"], "unknown timm model 'test_resnett'; did you mean test_resnet"),
    (["--layers", "torch.nn:Conv2d"], "test_resnet with torch.nn:Conv2d cannot be built"),
    (["--layers", "se", "--host", "botnet26t_256"], "botnet26t_256 takes images of 256 pixels only, got --size 32"),
    (["--layers", "se", "--epochs", "0"], "--epochs must be 1 or more, got 0"),
    (["--layers", "se", "--after", "layer9"], "no module of ResNet matches 'layer9'"),
    (["--layers", "se", "--data", "nowhere"], "no folder of pictures at nowhere"),
    (["--layers", "se", "--data", "ferplus"], "--data ferplus needs --data-root"),
    (["--layers", "se", "--seeds", "0"], "--seeds must be 1 or more, got 0"),
    (["--layers", "se", "--budget", "30"], "a duration is a number with s, m, h or d"),
    (["--layers", "se", "--host", "test_resnet", "--size", "x"], "argument --size: invalid int value")])
def test_what_cannot_be_is_refused_in_one_line_and_leaves_nothing(root, tmp_path, args, message):
    work_dir = tmp_path / "work"
    done = call_command("compare", "--host", "test_resnet", "--data", root, "--size", 32, "--work-dir", work_dir, *args)
    last = done.stderr.splitlines()[-1]
    assert done.returncode == 2 and last.startswith("error: ") and message in last
    assert not (work_dir / "plan.json").exists() and not results(work_dir)
