"""What `make quickstart` does learns: far more than always saying one of the eight expressions."""
import re
import subprocess
import sys

import pytest

pytest.importorskip("mmpretrain")


@pytest.mark.slow
@pytest.mark.timeout(840)
def test_the_quickstart_learns_the_drawn_faces_and_says_what_to_expect(tmp_path):
    def run(*args: str) -> str:
        return subprocess.run([sys.executable, "-W", "ignore", "-m", "lanmsff_plugins", *args], cwd=tmp_path,
                              check=True, stdout=subprocess.PIPE, text=True).stdout

    run("draw", "data/synthetic")
    assert "next: lanmsff test lanmsff_quickstart work" in run("train", "lanmsff_quickstart", "--work-dir", "work")
    tested = run("test", "lanmsff_quickstart", "work", "--work-dir", "work")
    assert float(re.search(r"accuracy/top1 ([\d.]+), ", tested)[1]) > 75  # one in eight by chance
    assert "expected: accuracy/top1 about 86" in tested and "next: lanmsff report work" in tested
