"""Run the tests with other versions of Python, torch, timm and OpenMMLab, and write the table of the docs.

    python tools/matrix.py                              every stack of tools/stacks.toml that has no result yet
    python tools/matrix.py --stack 'torch 2.6*'         some, anew
    python tools/matrix.py --stack 'newest*' --part MM  one part of one, anew

Each stack is installed by uv into a temporary folder, and removed after its tests; that takes up to 8 GB at a time. pip
then installs this package's wheel, which should change none of the versions that are there, and uv adds what the tests
need. uv finds interpreters on the PATH, and downloads those that are missing where it can.
Results are kept in docs/stacks.json as they come, so that a run that was stopped goes on with the next part.
"""
import argparse
import fnmatch
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import tomllib

from lanmsff_plugins.base.files import write_atomically
from lanmsff_plugins.base.tables import markdown, replace_section

ROOT = Path(__file__).resolve().parent.parent
STACKS = tomllib.loads((ROOT / "tools" / "stacks.toml").read_text())
RESULTS = ROOT / "docs" / "stacks.json"
PAGE = ROOT / "docs" / "stacks.md"
LEAST_FREE = 20  # GB, so that a stack fits with its downloads
SHOWN = ("torch", "timm", "numpy", "mmengine", "onedl-mmengine", "mmcv-lite", "mmpretrain")


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stack", metavar="GLOB", help="run these anew (default: what has no result yet)")
    parser.add_argument("--part", choices=STACKS["parts"], action="append", help="run only this part; may be repeated")
    parser.add_argument("--folder", help="where the environments are made (default: that of temporary files)")
    args = parser.parse_args(argv)
    names = [name for name in STACKS["stacks"] if fnmatch.fnmatch(name, args.stack or "*")]
    if not names:
        parser.error(f"no stack is called {args.stack!r}; there are {', '.join(STACKS['stacks'])}")
    for name in names:
        done = {} if args.stack else read_results().get(name, {}).get("parts", {})
        parts = [part for part in args.part or STACKS["parts"] if part not in done]
        if parts:
            with tempfile.TemporaryDirectory(dir=args.folder) as folder:
                run_stack(name, parts, Path(folder))
    replace_section(PAGE, "stacks", table(read_results()))


def run_stack(name: str, parts: Sequence[str], folder: Path) -> None:
    """Install a stack, and run the tests of some parts in it."""
    free = shutil.disk_usage(folder).free / 1e9
    if free < LEAST_FREE:
        sys.exit(f"{folder} has {free:.0f} GB left, expected {LEAST_FREE}; name another place by --folder")
    print(f"{name}: installing", flush=True)
    try:
        python, changed = install(STACKS["stacks"][name], folder)
    except subprocess.CalledProcessError as error:
        lines = [line.strip() for line in error.stderr.splitlines() if line.strip()]
        record(name, {"date": date.today().isoformat(), "refused": " ".join(lines)[:300]})
        print(f"{name}: cannot be installed: {' '.join(lines)[:300]}", flush=True)
        return
    record(name, {"refused": None, "changed": changed, "versions": versions_in(python)})
    for part in parts:
        found = run_tests(python, STACKS["parts"][part], folder / "report.xml")
        record(name, {"date": date.today().isoformat(), "parts": {part: found}})
        print(f"{name}: {part}: {cell(found)}", *found["failed"][:20], sep="\n  ", flush=True)


VERSIONS = """
import json, platform
from importlib.metadata import distributions
print(json.dumps({"python": platform.python_version(), **{d.name.lower(): d.version for d in distributions()}}))
"""


def versions_in(python: Path) -> dict[str, str]:
    """The versions of Python and of all that is installed, by their names."""
    found = subprocess.run([python, "-c", VERSIONS], check=True, capture_output=True, text=True).stdout
    return json.loads(found)


def install(stack: dict, folder: Path) -> tuple[Path, dict[str, list]]:
    """Make a stack's environment and install the wheel and what the tests need.

    Returns:
        The interpreter, and what installing the wheel alone has changed: by name, the versions before and after.
    """
    environment = {**os.environ, "UV_CACHE_DIR": str(folder / "cache")}
    python = folder / "env" / "bin" / "python"

    def call(*command: str | Path) -> None:
        subprocess.run(["uv", *command], check=True, capture_output=True, text=True, env=environment, cwd=ROOT)

    call("build", "--quiet", "--wheel", "--out-dir", folder)
    wheel, = folder.glob("*.whl")
    extras = [re.split("[<>=]", each)[0] for each in stack.get("replaces", ())]
    call("venv", "--quiet", "--seed", "--python", stack["python"], folder / "env")
    pre = ["--prerelease", "allow"] if stack.get("pre") else []
    call("pip", "install", "--quiet", *pre, "--python", python, *stack["packages"])
    before = versions_in(python)
    subprocess.run([python, "-m", "pip", "install", "--quiet", wheel], check=True, capture_output=True, text=True)
    after = versions_in(python)
    changed = {each: [before[each], after.get(each)] for each in before if after.get(each) != before[each]}
    call("pip", "install", "--quiet", *pre, "--python", python, f"{wheel}[mm,keras,tools]", *stack["packages"],
         *STACKS["tests"]["packages"])
    if extras:
        call("pip", "uninstall", "--quiet", "--python", python, *extras)
        call("pip", "install", "--quiet", "--no-deps", "--reinstall", "--python", python,
             *(each for each in stack["packages"] if each.startswith("onedl")))
    return python, changed


def run_tests(python: Path, paths: Sequence[str], report: Path) -> dict:
    """How many tests passed, which failed, and why others were left out."""
    report.unlink(missing_ok=True)
    done = subprocess.run(
        [python, "-W", "ignore", "-m", "pytest", "-q", "-m", "not slow", "-p", "no:cacheprovider",
         f"--junitxml={report}", *paths],
        cwd=ROOT, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    if not report.is_file():
        return {"passed": 0, "failed": [(done.stderr or done.stdout).strip().splitlines()[-1]], "skipped": {}}
    failed, skipped, passed = [], Counter(), 0
    for case in ElementTree.parse(report).iter("testcase"):
        kinds = {child.tag: child for child in case}
        if kinds.keys() & {"failure", "error"}:
            failed.append(f"{case.get('classname')}::{case.get('name')}")
        elif "skipped" in kinds:
            skipped[kinds["skipped"].get("message")] += 1
        else:
            passed += 1
    return {"passed": passed, "failed": failed, "skipped": dict(skipped)}


def read_results() -> dict:
    return json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}


def record(name: str, found: dict) -> None:
    """Add to what is known of a stack."""
    results = read_results()
    before = results.get(name, {})
    parts = {**before.get("parts", {}), **found.get("parts", {})}
    results[name] = {**before, **found, "parts": parts}
    ordered = {stack: results[stack] for stack in STACKS["stacks"] if stack in results}
    write_atomically(RESULTS, (json.dumps(ordered, indent=1) + "\n").encode())


def cell(found: dict | None) -> str:
    """What stands in the table for the tests of a part."""
    if found is None:
        return "not run"
    return f"**{len(found['failed'])} failed**" if found["failed"] else f"{found['passed']} passed"


def table(results: dict) -> str:
    """A row for each stack that was tried, and below it what was left out and what failed."""
    rows, notes = [], []
    for name, result in results.items():
        versions = result.get("versions", {})
        shown = ", ".join(f"{each} {versions[each]}" for each in SHOWN if each in versions)
        parts = result["parts"]
        rows.append([f"{name}", f"Python {versions.get('python', '?')}, {shown}", result["date"],
                     *(cell(parts.get(part)) for part in STACKS["parts"])])
        if result.get("refused"):
            notes.append(f"- {name}: cannot be installed: {result['refused']}")
        notes += [f"- {name}: the wheel changed {each} from {old} to {new}"
                  for each, (old, new) in result.get("changed", {}).items()]
        for part, found in parts.items():
            notes += [f"- {name}, {part}: `{test}` failed" for test in found["failed"][:10]]
            notes += [f"- {name}, {part}: {count} left out, {reason}" for reason, count in found["skipped"].items()
                      if " needs " in reason]
    return "\n".join([markdown(["stack", "versions", "date", *STACKS["parts"]], rows), "", *notes]).rstrip()


if __name__ == "__main__":
    main()
