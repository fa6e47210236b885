"""The ablation trains what is missing and nothing twice, and compares what there is."""
import json
import re
import subprocess

import numpy as np
import pytest

pytest.importorskip("mmpretrain")

from ..mm.runs import call_command  # noqa: E402


def ablate(*args) -> subprocess.CompletedProcess:
    return call_command("ablate.py", "network", *args)


def test_the_table_starts_with_the_whole_network_and_goes_on_by_accuracy(tmp_path):
    accuracies = {"lanmsff": (70., 71.5), "group_max": (70.25, 70.5), "se": (73., 72.)}
    for name, values in accuracies.items():
        for seed, value in enumerate(values):
            path = tmp_path / name / f"seed_{seed}" / "result.json"
            path.parent.mkdir(parents=True)
            path.write_text(json.dumps({
                "protocol": {"config": name, "seed": seed, "epochs": 16},
                "metrics": {"accuracy/top1": value, "balanced_accuracy": 50., "macro_f1": 51.}}))
    done = ablate("group_max", "se", "lanmsff", "--seeds", 0, 1, "--work-dir", tmp_path)
    assert done.returncode == 0, done.stderr
    rows = re.findall(r"^\| `(\w+)` .* \| 2 \| 16 \| ([\d.]+) ± ([\d.]+) \| 50.00 ± 0.00 \|", done.stdout, re.MULTILINE)
    assert rows == [(name, f"{np.mean(accuracies[name]):.2f}", f"{np.std(accuracies[name], ddof=1):.2f}")
                    for name in ("lanmsff", "se", "group_max")]
    for settings in (["--cfg-options", "optim_wrapper.optimizer.lr=0.5"], ["--amp"]):
        done = ablate("lanmsff", "--seeds", 0, "--work-dir", tmp_path, *settings)
        assert done.returncode == 2 and "name another --work-dir" in done.stderr


@pytest.mark.parametrize(("args", "line"), [
    (["lanmsf"], "has no variant 'lanmsf'; expected some of all_channels, cbam"),
    (["lanmsff", "--write"], "--write takes no VARIANT")])
def test_what_cannot_be_is_said_before_anything_is_trained(args, line):
    done = ablate(*args)
    assert done.returncode == 2 and line in done.stderr.splitlines()[-1]


@pytest.mark.slow
def test_variants_are_trained_once_for_each_seed_and_compared(drawn_faces, tmp_path):
    settings = {f"{split}_dataloader.dataset.data_root": drawn_faces for split in ("train", "val", "test")}
    settings |= {"train_dataloader.dataset.indices": 32, "train_cfg.max_epochs": 1}

    def train(*variants: str, seeds: tuple[int, ...]) -> subprocess.CompletedProcess:
        done = ablate(*variants, "--seeds", *seeds, "--work-dir", tmp_path, "--cfg-options",
                      *(f"{key}={value}" for key, value in settings.items()))
        assert done.returncode == 0, done.stderr
        return done

    first = train("last_block", seeds=(0,))
    assert re.search(r"^\| `last_block` \| No fusion: block 4 alone. \| [\d,]+ \| 1 \| 1 \| [\d.]+ \| ", first.stdout,
                     re.MULTILINE)
    result = tmp_path / "last_block" / "seed_0" / "result.json"
    before = result.stat().st_mtime_ns

    second = train("last_block", "group_max", seeds=(0, 1))
    assert result.stat().st_mtime_ns == before
    assert sorted(path.parent.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("result.json")) == [
        "group_max/seed_0", "group_max/seed_1", "last_block/seed_0", "last_block/seed_1"]
    table = (tmp_path / "ablation.md").read_text()
    assert table in second.stdout and table.count("\n| ") == 3 and table.count("±") == 6
