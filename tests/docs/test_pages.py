"""The Python of README and docs runs as written, and their commands name what exists."""
import argparse
import importlib
import importlib.util
import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lanmsff_plugins.cli.main import COMMANDS
from lanmsff_plugins.data.synthetic.drawing import draw_face

from ..conftest import ROOT

DOCS = ROOT / "docs"
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")]
PAGES += sorted(DOCS.glob("*.md"))


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(), re.DOTALL)


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


# By their text, since some stand on two pages.
SNIPPETS = {text: f"{name_of(page)}-{i}" for page in PAGES for i, text in enumerate(blocks(page, "python"))}
LINES = [(name_of(page), line.strip()) for page in PAGES for text in blocks(page, "sh")
         for line in text.replace("\\\n", " ").splitlines()]
LANMSFF = sorted({(page, line) for page, line in LINES if re.search(r"(^| -m )lanmsff(_plugins)? ", line)})
MAKE = sorted({(name_of(page), target) for page in PAGES
               for target in re.findall(r"(?:`|^)make ([a-z-]+)", page.read_text(), re.MULTILINE)})


@cache
def parser_of(command: str) -> argparse.ArgumentParser:
    """The command's own parser, which raises instead of leaving."""
    if command in ("train", "test", "kfold", "config", "report"):
        pytest.importorskip("mmpretrain")
    module = importlib.import_module(f"lanmsff_plugins.cli.{command.replace('-', '_')}")
    parser = argparse.ArgumentParser(exit_on_error=False)
    module.add_arguments(parser)
    parser.add_argument("--debug", action="store_true")

    def error(message: str) -> None:
        raise ValueError(message)

    parser.error = error
    return parser


def lanmsff_arguments(line: str) -> list[str]:
    """What follows ``lanmsff``, or ``-m lanmsff_plugins``; comments are left out."""
    words = shlex.split(line, comments=True)
    start = words.index("lanmsff_plugins" if "lanmsff_plugins" in words else "lanmsff")
    return words[start + 1:]


@pytest.mark.parametrize("snippet", SNIPPETS, ids=SNIPPETS.values())
def test_python_runs_as_written(snippet, tmp_path):
    for package in ("mmpretrain", "pnnx"):
        if package in snippet:
            pytest.importorskip(package)
    (tmp_path / "docs").mkdir()
    for path in ("face.png", "docs/face.png"):
        Image.fromarray(draw_face("happiness", 0., 0, np.random.default_rng(0))).save(tmp_path / path)
    done = subprocess.run([sys.executable, "-W", "default", "-c", snippet], cwd=tmp_path, capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stderr
    assert "<string>:" not in done.stderr, f"a line of the snippet warns: {done.stderr}"


def test_there_are_snippets_and_commands():
    assert len(SNIPPETS) >= 10 and len(LANMSFF) >= 30


@pytest.mark.parametrize(("page", "line"), LANMSFF)
def test_a_command_exists_with_its_options(page, line):
    command, *args = lanmsff_arguments(line)
    assert command in COMMANDS
    parser_of(command).parse_args(args)


@pytest.mark.parametrize(("page", "line"), [
    (page, line) for page, line in LANMSFF if lanmsff_arguments(line)[0] in ("train", "test", "kfold", "config")])
def test_a_config_that_a_command_names_exists(page, line):
    configs = pytest.importorskip("lanmsff_plugins.mm.engine.configs")
    command, *args = lanmsff_arguments(line)
    config = parser_of(command).parse_args(args).config
    own = config is None or config in ("CONFIG", "NAME") or config.endswith(".py")  # of the reader's
    assert own or config in configs.config_names()


def test_a_config_that_a_table_of_the_training_page_names_exists():
    configs = pytest.importorskip("lanmsff_plugins.mm.engine.configs")
    rows = re.findall(r"^\| (`.*?) \|", (DOCS / "train.md").read_text(), re.MULTILINE)
    named = [name for row in rows for name in re.findall(r"`([\w/]+)`", row)]
    assert len(named) > 6 and set(named) <= set(configs.config_names())


@pytest.mark.parametrize(("page", "path"), sorted({
    (page, path) for page, line in LINES for path in re.findall(r"(?:tools|mm_configs)/[\w/]+\.py", line)}))
def test_a_file_that_a_command_names_exists(page, path):
    assert (ROOT / path).is_file()


@pytest.mark.parametrize(("page", "target"), MAKE)
def test_a_make_target_exists(page, target):
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_to_files_lead_somewhere(page):
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    targets = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'src="([^"]+)"', text)
    for target in targets:
        if not re.match(r"https?:|#", target):
            assert (page.parent / target.partition("#")[0]).exists(), target


@pytest.mark.parametrize("page", [page for page in PAGES if page.parent == DOCS or page.name == "README.md"],
                         ids=name_of)
def test_links_to_sections_lead_to_a_heading(page):
    for target in re.findall(r"\]\(([^)\s]*#[^)\s]+)\)", page.read_text()):
        file, _, anchor = target.partition("#")
        if not file.startswith("http"):
            found = page.parent / file if file else page
            text = (ROOT / "CONTRIBUTING.md" if found.name == "contributing.md" else found).read_text()
            headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}, target


def test_the_readme_fits_a_screen_and_a_half():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 120


def test_tables_of_the_catalogs_are_current():
    spec = importlib.util.spec_from_file_location("tables", DOCS / "tables.py")
    tables = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tables)
    for (page, marker), table in tables.TABLES.items():
        expected = f"<!-- {marker} -->\n{table()}\n<!-- /{marker} -->"
        assert expected in (DOCS / page).read_text(), f"run python docs/tables.py: {marker} in {page} is not current"


@pytest.mark.parametrize(("page", "marker"), [
    *(("layers.md", f"gallery {name}") for name in ("hosts", "layers", "resnets", "costs", "pairs")),
    ("performance.md", "cost"), ("performance.md", "speed with AVX-512"), ("performance.md", "speed without AVX-512"),
    ("results.md", "weights"), ("results.md", "scaling"),
    ("results.md", "ablation network"), ("results.md", "ablation recipe")])
def test_a_page_has_the_place_of_each_generated_table_once(page, marker):
    text = (DOCS / page).read_text()
    assert text.count(f"<!-- {marker} -->\n") == 1 == text.count(f"<!-- /{marker} -->\n")


def test_the_face_of_the_readme_is_a_drawn_one():
    face = Image.fromarray(draw_face("happiness", 0., 0, np.random.default_rng(0)))
    enlarged = np.asarray(face.resize((240, 240), Image.Resampling.LANCZOS), int)
    with Image.open(DOCS / "face.png") as shown:
        assert np.abs(np.asarray(shown, int) - enlarged).max() <= 2
