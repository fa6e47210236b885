"""The command names its commands, at once, and refuses others."""
import subprocess
import sys

import pytest

from lanmsff_plugins import __version__
from lanmsff_plugins.cli.main import COMMANDS, main


def test_help_names_every_command_and_imports_nothing_heavy():
    code = ("import sys; from lanmsff_plugins.cli.main import main; main(argv=['--help']); "
            "sys.exit(bool({'torch', 'numpy', 'mmengine'} & sys.modules.keys()))")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert all(f"\n  {name} " in done.stdout for name in COMMANDS)


def test_the_module_is_the_command_too():
    done = subprocess.run([sys.executable, "-m", "lanmsff_plugins", "--version"], capture_output=True, text=True)
    assert done.stdout == f"lanmsff-plugins {__version__}\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_help_with_an_example(name, capsys):
    with pytest.raises(SystemExit) as end:
        main(argv=[name, "--help"])
    said = capsys.readouterr().out
    assert end.value.code == 0 and f"    lanmsff {name}" in said and "--debug" in said


def test_an_unknown_command_is_one_line_with_the_nearest(capsys):
    with pytest.raises(SystemExit) as end:
        main(argv=["trian"])
    assert end.value.code == 2
    assert capsys.readouterr().err == "error: unknown command 'trian'; did you mean train?\n"


def test_debug_shows_the_traceback_of_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        main(argv=["audit", str(tmp_path), "--out", str(tmp_path / "out"), "--debug"])


def test_a_package_that_a_command_needs_is_named(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "lanmsff_plugins.cli.report", None)
    with pytest.raises(SystemExit) as end:
        main(argv=["report", "x"])
    said = capsys.readouterr().err
    assert end.value.code == 2 and said.startswith("error: ") and said.count("\n") == 1
