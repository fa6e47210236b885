"""The example of Ray Data on a local Ray of two workers; `make test-ray` runs it."""
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from ..conftest import ROOT

EXAMPLE = ROOT / "docs" / "examples" / "predict_ray.py"
pytestmark = [pytest.mark.ray, pytest.mark.timeout(580)]


def run(*args) -> None:
    code = ("import ray, runpy; ray.init(num_cpus=2, include_dashboard=False); "
            f"runpy.run_path({str(EXAMPLE)!r}, run_name='__main__')")
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code, *map(str, args)], text=True, capture_output=True,
                          env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])})
    assert done.returncode == 0, done.stderr[-3000:]


def test_every_picture_is_read_once_and_a_rerun_reads_only_what_is_new(tmp_path, smiling):
    pytest.importorskip("ray")
    pq = pytest.importorskip("pyarrow.parquet")
    pictures, out = tmp_path / "pictures", tmp_path / "out"
    pictures.mkdir()
    for i in range(20):
        Image.fromarray(smiling if i % 2 else np.zeros((40, 40, 3), np.uint8)).save(pictures / f"{i:02}.png")
    (pictures / "damaged.jpg").write_bytes(b"no picture")

    def rows() -> dict[str, dict]:
        found = pq.read_table(out).to_pylist()
        assert len({row["file"] for row in found}) == len(found)
        return {os.path.basename(row["file"]): row for row in found}

    run(pictures, out)
    first = rows()
    assert len(first) == 21 and first["01.png"]["label"] == "happiness" and first["01.png"]["score"] > .9
    assert first["00.png"]["warning"] == "no face found" and "cannot be read" in first["damaged.jpg"]["warning"]
    before = {path: path.stat().st_mtime_ns for path in out.iterdir()}
    Image.fromarray(smiling).save(pictures / "new.png")
    run(pictures, out)
    assert len(rows()) == 22 and rows()["new.png"]["label"] == "happiness"
    assert before.items() <= {path: path.stat().st_mtime_ns for path in out.iterdir()}.items()
