"""What `make quickstart` does learns: far more than always saying one of the eight expressions."""
import re
import subprocess
import sys

import pytest

from .conftest import ROOT

pytest.importorskip("mmpretrain")


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_the_quickstart_learns_the_drawn_faces(tmp_path):
    def run(*args) -> str:
        return subprocess.run([sys.executable, "-W", "ignore", *map(str, args)], cwd=tmp_path, check=True,
                              stdout=subprocess.PIPE, text=True).stdout

    config = ROOT / "mm_configs" / "lanmsff_quickstart.py"
    run("-m", "lanmsff_plugins.data.synthetic", "data/synthetic")
    run(ROOT / "tools" / "train.py", config, "--amp", "--work-dir", tmp_path / "work")
    tested = run(ROOT / "tools" / "test.py", config, tmp_path / "work", "--work-dir", tmp_path / "work")
    assert float(re.search(r"accuracy/top1 ([\d.]+), ", tested.splitlines()[-1])[1]) > 75  # one in eight by chance
