"""Run one of timm's scripts with the LANMSFF models known: python -m timm_registry train.py --model lanmsff ..."""
import runpy
import sys
from pathlib import Path

import timm_registry  # noqa: F401
from lanmsff_plugins.cli.shell import fail


def main() -> None:
    if len(sys.argv) < 2 or not Path(sys.argv[1]).is_file():
        given = f"no script at {sys.argv[1]}" if len(sys.argv) > 1 else "no script given"
        fail(f"{given}; usage: python -m timm_registry SCRIPT [ARG ...], such as timm's train.py")
    del sys.argv[0]
    sys.path[0] = str(Path(sys.argv[0]).resolve().parent)  # as Python itself does for a script
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
