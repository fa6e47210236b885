"""Counting from the command line, as a user does it."""
import json
import subprocess
import sys

import pytest

from ..conftest import ROOT
from .command import runner

TOOL = str(ROOT / "tools" / "get_flops.py")


@pytest.fixture
def run(capsys):
    return runner("flops", capsys)


def test_lanmsff_s_figures_are_the_paper_s(run):
    status, out, _ = run("lanmsff", "--json")
    assert status == 0
    cost = json.loads(out)["lanmsff"]
    assert (cost["parameters"], cost["macs"], cost["uncounted"]) == (356_451, 300_586_632, {})


def test_a_config_costs_what_the_network_does(run):
    pytest.importorskip("mmpretrain")
    _, out, _ = run(str(ROOT / "mm_configs" / "lanmsff_ferplus.py"), "--depth", "1")
    assert all(number in out for number in ("356,451", "300,586,632", "302,961,288"))


def test_the_tree_names_the_modules_as_markdown(run):
    _, out, _ = run("lanmsff", "--table", "--depth", "2")
    assert "| blocks | Sequential | 355,195 | 300,585,384 | 605,144,707 |" in out.splitlines()


def test_a_depth_that_shows_nothing_is_refused(run):
    status, out, err = run("lanmsff", "--depth", "0")
    assert (status, out, err) == (2, "", "error: --depth expects 1 or more, got 0\n")


def test_layers_stand_side_by_side(run):
    _, out, _ = run("lanmsff_plugins:MassAtt(72)", "--compare", "timm.layers:SEModule(72)", "--shape", "72", "16", "16")
    header, first, second = out.splitlines()
    assert header.split() == ["model", "input", "parameters", "MACs", "FLOPs", "uncounted"]
    assert first.split()[:3] == ["lanmsff_plugins:MassAtt(72)", "72x16x16", "2,963"]
    assert second.split()[2:4] == ["1,232", f"{2 * 72 * 8:,}"]


@pytest.mark.parametrize(("args", "message"), [
    (["lanmsf"], "error: unknown timm model 'lanmsf'; did you mean"),
    (["lanmsff", "--compare", "nothing"], "error: unknown timm model 'nothing'; see timm.list_models"),
    (["lanmsff", "--shape", "1", "0", "64"], "error: --shape expects channels, height and width of 1 or more"),
    (["resnet18", "--shape", "1", "64", "64"], "error: resnet18 does not take an image of 1x64x64")])
def test_bad_input_is_named_in_one_line(run, args, message):
    status, out, err = run(*args)
    assert status == 2 and not out
    line, = err.splitlines()
    assert line.startswith(message)


def test_in_a_shell_there_is_no_other_line():
    done = subprocess.run([sys.executable, TOOL, "lanmsf"], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 2 and not done.stdout and len(done.stderr.splitlines()) == 1
