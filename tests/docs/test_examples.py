"""The examples of the docs run end to end, each as a process of its own in an empty folder."""
import subprocess
import sys
from pathlib import Path

import pytest

from ..conftest import ROOT

EXAMPLES = sorted((ROOT / "docs" / "examples").glob("*.py"))
WITH_OTHERS = ("own_training_loop", "lightning_training", "torchvision_transforms", "grad_cam_map", "torchao_int8",
               "predict_ray")  # have tests of their own
ALONE = [example for example in EXAMPLES if example.stem not in WITH_OTHERS]


def run(example: Path, folder: Path, *args: str) -> str:
    done = subprocess.run([sys.executable, "-W", "ignore", str(example), *args], cwd=folder, capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("example", ALONE, ids=lambda path: path.stem)
def test_an_example_runs(example, tmp_path):
    if example.stem == "digits_as_folders":
        pytest.importorskip("sklearn")
    assert run(example, tmp_path)


def test_the_readme_shows_what_the_weights_say_of_its_face(tmp_path):
    printed = run(ROOT / "docs" / "examples" / "predict.py", tmp_path, str(ROOT / "docs" / "face.png"))
    shown = (ROOT / "README.md").read_text().split("docs/face.png\n", 1)[1].split("\n...\n", 1)[0]
    assert printed.startswith(f"{shown}\n")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_short_and_says_how_to_run_it(example):
    text = example.read_text()
    assert len(text.splitlines()) < 40
    assert f"python docs/examples/{example.name}" in text.split('"""')[1]
