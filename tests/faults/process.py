"""Call a case in a fork of this process, which has all of it imported."""
import gc
import multiprocessing
import os
import sys
import tempfile
import traceback
from pathlib import Path

import torch

from lanmsff_plugins.cli.main import main

from .case import Case, Outcome, files_below, judge

__all__ = ["TIMEOUT", "attempt", "call_main"]

TIMEOUT = 300  # seconds


def attempt(case: Case) -> str:
    """Try a case in a new folder: 'right', 'refused', or what is wrong."""
    with tempfile.TemporaryDirectory() as parent:
        folder, said = Path(parent, "here"), Path(parent, "said")
        folder.mkdir()
        said.mkdir()
        case.prepare(folder)
        before = files_below(folder)
        process = multiprocessing.get_context("fork").Process(target=_call, args=(case, folder, said))
        process.start()
        process.join(TIMEOUT)
        if process.is_alive():
            process.kill()
            process.join()
            return f"not done after {TIMEOUT} seconds"
        outcome = Outcome(process.exitcode, (said / "stdout").read_text(errors="replace"),
                          (said / "stderr").read_text(errors="replace"), tuple(sorted(files_below(folder) - before)))
        return judge(case, folder, outcome)


def call_main(argv: list[str], folder: Path, said: Path) -> None:
    """Call a command in a folder, with what it prints in files of another; ends the process."""
    _call(Case("", tuple(argv)), folder, said)


def _call(case: Case, folder: Path, said: Path) -> None:
    torch.set_num_threads(1)
    gc.freeze()
    os.chdir(folder)
    with open(said / "stdout", "w", buffering=1) as out, open(said / "stderr", "w", buffering=1) as err:
        os.dup2(out.fileno(), 1)
        os.dup2(err.fileno(), 2)
        sys.stdout, sys.stderr = out, err
        try:
            if case.call is None:
                main(case.argv[0], case.argv[1:])
            else:
                case.call()
            status = 0
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else int(end.code is not None)
        except BaseException as error:
            if case.call is not None and isinstance(error, ValueError):
                print(f"error: {error}", file=err)
                status = 2
            else:
                traceback.print_exc(file=err)
                status = 1
        out.flush()
        err.flush()
        os._exit(status)
