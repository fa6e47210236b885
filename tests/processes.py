"""Commands in processes of their own, as a user starts them."""
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODERN = "mm_configs/lanmsff_ferplus_modern.py"


def run_process(command: str, *args, cwd: Path = ROOT) -> subprocess.CompletedProcess:
    """Run a command of lanmsff, or a file of tools/."""
    called = [f"tools/{command}"] if command.endswith(".py") else ["-m", "lanmsff_plugins", command]
    return subprocess.run([sys.executable, "-W", "ignore", *called, *map(str, args)], capture_output=True, text=True,
                          cwd=cwd)


def refusal(done: subprocess.CompletedProcess) -> str:
    """The one line of a command that refused something."""
    assert done.returncode == 2 and "Traceback" not in done.stderr, done.stderr
    return done.stderr.splitlines()[-1]
