"""Commands in processes of their own, as a user starts them."""
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parent.parent
MODERN = "mm_configs/lanmsff_ferplus_modern.py"


def run_process(command: str, *args, cwd: Path = ROOT) -> subprocess.CompletedProcess:
    """Run a command of lanmsff, or a file of tools/."""
    called = [f"tools/{command}"] if command.endswith(".py") else ["-m", "lanmsff_plugins", command]
    return subprocess.run([sys.executable, "-W", "ignore", *called, *map(str, args)], capture_output=True, text=True,
                          cwd=cwd)


def import_script(name: str) -> ModuleType:
    """A file of tools/ as a module; it finds the files beside it, as it does when it is run."""
    path = ROOT / "tools" / name
    sys.path.insert(0, str(path.parent))
    try:
        return import_module(path.stem)
    finally:
        sys.path.pop(0)


def make_checkout(folder: Path, faces: Path) -> None:
    """Make a repository of the files as they are now, with ``faces`` in the place of FER-2013."""
    for name in ("lanmsff_plugins", "mm_configs", "timm_registry", "tools"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "docs").mkdir()
    shutil.copy(ROOT / "docs" / "results.md", folder / "docs")
    author = ["-c", "user.name=Nobody", "-c", "user.email=nobody@example.org"]
    for args in (["init", "-q"], ["add", "-A"], [*author, "commit", "-qm", "All"]):
        subprocess.run(["git", *args], cwd=folder, check=True)
    (folder / "data").mkdir()
    (folder / "data" / "fer2013").symlink_to(faces)


def refusal(done: subprocess.CompletedProcess) -> str:
    """The one line of a command that refused something."""
    assert done.returncode == 2 and "Traceback" not in done.stderr, done.stderr
    return done.stderr.splitlines()[-1]
