"""Run a command in this process, as the command line would."""
from collections.abc import Callable

import pytest

from lanmsff_plugins.cli.main import main


def runner(command: str, capsys: pytest.CaptureFixture) -> Callable[..., tuple[int, str, str]]:
    """A function from arguments to exit status, output and errors."""
    def run(*args) -> tuple[int, str, str]:
        status = 0
        try:
            main(command, [str(arg) for arg in args])
        except SystemExit as end:
            status = end.code
        return status, *capsys.readouterr()
    return run
