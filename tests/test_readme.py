"""The README's Python runs as written, and its commands name what exists."""
import re
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from lanmsff_plugins.data.synthetic.drawing import draw_face

from .conftest import ROOT

README = (ROOT / "README.md").read_text()
SNIPPETS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
COMMANDS = re.findall(r"^python (tools/\S+) (mm_configs/\S+)?", "\n".join(
    re.findall(r"```sh\n(.*?)```", README, re.DOTALL)), re.MULTILINE)


@pytest.mark.parametrize("snippet", SNIPPETS, ids=range(len(SNIPPETS)))
def test_a_snippet_runs(snippet, tmp_path):
    Image.fromarray(draw_face("happiness", 0., 0, np.random.default_rng(0))).save(tmp_path / "face.png")
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", snippet], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_there_are_snippets():
    assert len(SNIPPETS) >= 4


@pytest.mark.parametrize(("tool", "config"), sorted(set(COMMANDS)))
def test_a_command_names_files_that_exist(tool, config):
    assert (ROOT / tool).is_file()
    assert not config or (ROOT / config).is_file()


def test_the_make_targets_that_it_names_exist():
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"(?:`|^)make ([a-z-]+)", README, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
