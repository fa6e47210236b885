"""Commands killed or interrupted at random moments, then rerun: nothing is lost, damaged or left behind."""
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
import onnx
import torch
from safetensors.torch import load_file

from ..processes import make_checkout
from .process import call_main
from .world import tiny, world

__all__ = ["DOORS", "kill"]


@dataclass(frozen=True)
class Door:
    """A command and what it must have made in the end.

    Attributes:
        argv: The command and its arguments; or a file of tools/, which is called in a process of its own.
        results: Patterns of the files that count, below the folder of the call.
        prepare: Puts into the folder what is needed.
    """

    argv: Callable[[], list[str]]
    results: tuple[str, ...]
    prepare: Callable[[Path], None]


def _faces(folder: Path) -> None:
    (folder / "fer").mkdir()
    for name in ("fer2013.csv", "fer2013new.csv"):
        shutil.copy(world().faces / name, folder / "fer")


DOORS = {
    "train": Door(lambda: ["train", "lanmsff_ferplus", "--work-dir", "w", "--resume", *tiny(Path("fer"), epochs=4)],
                  ("w/epoch_4.pth",), _faces),
    "test": Door(lambda: ["test", "lanmsff_ferplus", str(world().checkpoint), "--work-dir", "w", *tiny(Path("fer"))],
                 ("w/test.npz",), _faces),
    "prepare": Door(lambda: ["prepare", "fer", "out"], ("out/*.safetensors", "out/*.csv"), _faces),
    "export": Door(lambda: ["export", "lanmsff.ferplus", "x.onnx", "--int8", "y.onnx", "--data", "fer",
                              "--data-set", "ferplus"],
                   ("x.onnx", "y.onnx"), _faces),
    "publish": Door(lambda: ["tools/publish_model.py", "ferplus", "mm_configs/lanmsff_ferplus.py",
                             "lanmsff://lanmsff_ferplus", "--work-dir", "work_dirs/published"],
                    ("lanmsff_plugins/weights/lanmsff_ferplus.safetensors", "docs/results.md"),
                    lambda folder: make_checkout(folder, world().faces)),
}


def kill(door: str, random: Random) -> str:
    """Start a command, kill or interrupt it, check what is there, rerun it: 'right', or what is wrong."""
    chosen, how = DOORS[door], random.choice([signal.SIGKILL, signal.SIGINT])
    with tempfile.TemporaryDirectory() as parent:
        undisturbed, killed = Path(parent, "undisturbed"), Path(parent, "killed")
        for folder in (undisturbed, killed):
            folder.mkdir()
            chosen.prepare(folder)
        started = time.monotonic()
        status, said = _run(chosen, undisturbed)
        if status:
            return f"fails undisturbed: {said[-200:]}"
        moment = max(0.05, random.random() * (time.monotonic() - started))
        what = f"{how.name} after {moment:.2f} s"
        status, said = _run(chosen, killed, moment, how)
        if how == signal.SIGINT and (status not in (0, 130) or "Traceback" in said):
            return f"{what}, status {status}: {said[-200:]}"
        broken = [path.name for path in killed.rglob("*") if path.is_file() and not _reads(path)]
        if broken:
            return f"{what}, left half-written: {', '.join(broken)}"
        if _run(chosen, killed)[0]:
            return f"{what}, cannot be rerun"
        hidden = [path.name for path in killed.rglob(".*") if ".git" not in path.parts]
        if hidden:
            return f"{what} and rerun, left {', '.join(hidden)}"
        for pattern in chosen.results:
            for expected in undisturbed.glob(pattern):
                if not _same(killed / expected.relative_to(undisturbed), expected):
                    return f"{what} and rerun, {expected.name} is another"
    return "right"


def _run(door: Door, folder: Path, seconds: float | None = None, how: int = signal.SIGKILL) -> tuple[int | None, str]:
    """Run the command, and send it a signal if it has not ended after some seconds: its exit status and its stderr."""
    if door.argv()[0].endswith(".py"):
        process = subprocess.Popen([sys.executable, "-W", "ignore", *door.argv()], cwd=folder, start_new_session=True,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                                   env={**os.environ, "PYTHONPATH": str(folder)})
        try:
            _, said = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, how)
            _, said = process.communicate()
        return process.returncode, said
    with tempfile.TemporaryDirectory() as said:
        process = multiprocessing.get_context("fork").Process(target=call_main, args=(door.argv(), folder, Path(said)))
        process.start()
        process.join(seconds)
        if process.is_alive():
            os.kill(process.pid, how)
            process.join()
        return process.exitcode, Path(said, "stderr").read_text(errors="replace")


def _reads(path: Path) -> bool:
    """Whether a file that has its final name is whole."""
    try:
        match path.suffix:
            case ".pth":
                torch.load(path, weights_only=True)
            case ".safetensors":
                load_file(path)
            case ".npz":
                with np.load(path) as arrays:
                    dict(arrays)
            case ".onnx":
                onnx.checker.check_model(path)
    except Exception:
        return path.name.startswith(".")
    return True


def _same(found: Path, expected: Path) -> bool:
    if not found.is_file():
        return False
    match found.suffix:
        case ".pth":
            a, b = (torch.load(path, weights_only=True)["state_dict"] for path in (found, expected))
            return a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a)
        case ".npz":
            with np.load(found) as a, np.load(expected) as b:
                return np.array_equal(a["scores"], b["scores"]) and np.array_equal(a["labels"], b["labels"])
        case ".onnx":
            return onnx.load(found).graph.initializer == onnx.load(expected).graph.initializer
    return found.read_bytes() == expected.read_bytes()
