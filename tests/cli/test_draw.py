"""The command that draws faces: every layout, and nothing that is there is touched."""
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lanmsff_plugins.data.fer2013.reader import read_fer2013
from lanmsff_plugins.data.fer2013.writers import LAYOUTS
from lanmsff_plugins.data.kdef.reader import read_kdef
from lanmsff_plugins.data.synthetic.writers import write_fer2013

from ..conftest import ROOT
from .command import runner


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def command(capsys):
    """A function from arguments to exit status and the lines on stderr."""
    def run(*args) -> tuple[int, list[str]]:
        status, _, err = runner("draw", capsys)(*args)
        return status, err.splitlines()
    return run


def test_the_module_runs_as_a_command(tmp_path):
    subprocess.run([sys.executable, "-W", "error::RuntimeWarning", "-m", "lanmsff_plugins", "draw", tmp_path,
                    "--faces", "40", "--seed", "3"], check=True, cwd=ROOT)
    write_fer2013(tmp_path / "expected", faces=40, seed=3)
    assert contents(tmp_path / "expected").items() <= contents(tmp_path).items()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_command_draws_every_layout(tmp_path, command, layout):
    assert command(tmp_path, "--faces", 40, "--layout", layout) == (0, [])
    assert len(read_fer2013(tmp_path)) == 40
    status, lines = command(tmp_path, "--faces", 40, "--layout", layout)
    assert status == 2 and re.fullmatch(f"error: {tmp_path}/.* exists, and may be the real one; name an.*", *lines)


def test_the_command_writes_a_sheet(tmp_path, command):
    assert command("--sheet", tmp_path / "sheet.png") == (0, [])
    assert (tmp_path / "sheet.png").read_bytes().startswith(b"\x89PNG")


def test_the_picture_in_the_docs_is_the_one_that_the_command_writes(tmp_path, command):
    assert command("--sheet", tmp_path / "sheet.png") == (0, [])
    found, expected = (np.asarray(Image.open(path), int) for path in (
        tmp_path / "sheet.png", ROOT / "docs" / "synthetic_faces.png"))
    assert np.abs(found - expected).mean() < 1  # fonts differ a little between versions of Pillow


def test_the_command_draws_kdef(tmp_path, command):
    assert command("--kdef", tmp_path, "--people", 1) == (0, [])
    assert len(read_kdef(tmp_path)) == 2 * 7 * 5


@pytest.mark.parametrize("name", ["fer2013.csv", "fer2013new.csv"])
def test_the_command_does_not_touch_csv_files_that_are_there(tmp_path, command, name):
    (tmp_path / name).write_text("the real one")
    status, lines = command(tmp_path, "--faces", 40)
    assert (status, lines) == (2, [f"error: {tmp_path / name} exists, and may be the real one; name another folder"])
    assert contents(tmp_path) == {name: b"the real one"}


@pytest.mark.parametrize("name", ["AF01/AF01ANS.JPG", "KDEF/AF01/af01afs.jpg", "BM35SUS.jpeg"])
def test_the_command_does_not_draw_people_among_those_that_are_there(tmp_path, command, name):
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_bytes(b"a real person")
    status, lines = command("--kdef", tmp_path, "--people", 1)
    assert (status, lines) == (2, [f"error: {tmp_path / name} exists, and may be the real one; name another folder"])
    assert contents(tmp_path) == {name: b"a real person"}


@pytest.mark.parametrize(("options", "message"), [
    (["--faces", 39], "faces must be 40 or more, got 39"), (["--seed", -1], "seed must be 0 or more, got -1"),
    (["--kdef", "--people", 71], "people must be 1 to 70, got 71")])
def test_the_command_says_what_is_wrong_in_one_line(tmp_path, command, options, message):
    assert command(tmp_path, *options) == (2, [f"error: {message}"])


@pytest.mark.parametrize("options", [["--faces", 40], ["--kdef", "--people", 1]])
def test_the_command_says_in_one_line_that_it_cannot_write_there(tmp_path, command, options):
    (tmp_path / "file").write_text("a file where a folder should be")
    status, lines = command(tmp_path / "file" / "out", *options)
    assert status == 2 and len(lines) == 1 and lines[0].startswith("error: ") and "file" in lines[0]
