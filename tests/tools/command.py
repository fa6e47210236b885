"""Run a tool in this process, as the command line would."""
import runpy
import sys
from collections.abc import Callable

import pytest

from ..conftest import ROOT


def runner(tool: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> Callable:
    """A function from arguments to exit status, output and errors."""
    def run(*args) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", [tool, *map(str, args)])
        status = 0
        try:
            runpy.run_path(str(ROOT / "tools" / tool), run_name="__main__")
        except SystemExit as end:
            status = end.code
        return status, *capsys.readouterr()
    return run
