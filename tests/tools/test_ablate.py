"""The ablation trains what is missing and nothing twice."""
import re
import subprocess
import sys

import pytest

pytest.importorskip("mmpretrain")

from ..conftest import ROOT  # noqa: E402


@pytest.mark.slow
def test_variants_are_trained_once_for_each_seed_and_compared(drawn_faces, tmp_path):
    settings = {f"{split}_dataloader.dataset.data_root": drawn_faces for split in ("train", "val", "test")}
    settings |= {"train_dataloader.dataset.indices": 32, "train_cfg.max_epochs": 1}

    def ablate(*variants: str, seeds: tuple[int, ...]) -> subprocess.CompletedProcess:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "tools/ablate.py", "network", *variants, "--seeds", *map(str, seeds),
             "--work-dir", tmp_path, "--cfg-options", *(f"{key}={value}" for key, value in settings.items())],
            capture_output=True, text=True, cwd=ROOT)
        assert done.returncode == 0, done.stderr
        return done

    first = ablate("last_block", seeds=(0,))
    assert re.search(r"^\| `last_block` \| No fusion: block 4 alone. \| [\d,]+ \| 1 \| 1 \| [\d.]+ \| ", first.stdout,
                     re.MULTILINE)
    result = tmp_path / "last_block" / "seed_0" / "result.json"
    before = result.stat().st_mtime_ns

    second = ablate("last_block", "group_max", seeds=(0, 1))
    assert result.stat().st_mtime_ns == before
    assert sorted(path.parent.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("result.json")) == [
        "group_max/seed_0", "group_max/seed_1", "last_block/seed_0", "last_block/seed_1"]
    table = (tmp_path / "ablation.md").read_text()
    assert table in second.stdout and table.count("\n| ") == 3 and table.count("±") == 6
