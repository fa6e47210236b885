"""The wings of the package, and what may import what: docs/architecture.md draws these arrows."""
import ast
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import ROOT

PACKAGE = ROOT / "lanmsff_plugins"
MAY_USE = {  # wing: the wings that it may use, all the way down
    "base": set(),
    "pictures": {"base"},
    "layers": set(),
    "models": {"base", "layers"},
    "hosts": {"base", "layers"},
    "data": {"base", "pictures"},
    "scores": {"base", "data", "pictures"},
    "weights": {"base", "layers", "models"},
    "inference": {"base", "pictures", "layers", "models", "weights"},
    "export": {"base", "pictures", "layers", "models", "hosts", "weights", "inference"},
    "faces": {"base", "pictures", "layers", "models", "hosts", "weights", "inference", "export"},
    "measure": {"base", "pictures", "layers", "models", "hosts", "weights", "inference", "export"},
    "reporting": {"base", "pictures", "layers", "models", "hosts", "weights", "inference", "export", "measure", "data",
                  "scores"},
    "registry": set(),
    "mm": {"base", "pictures", "layers", "models", "hosts", "weights", "inference", "data", "scores", "registry"},
    "comparison": {"base", "pictures", "layers", "models", "hosts", "weights", "inference", "export", "measure",
                   "reporting", "data", "scores", "registry", "mm"},
    "cli": {"base", "pictures", "layers", "models", "hosts", "weights", "inference", "export", "faces", "measure",
            "reporting", "data", "scores", "registry", "mm", "comparison"},
    "__init__": {"base", "layers", "models"},
    "__main__": {"cli"},
}
OPENMMLAB = {"mmengine", "mmcv", "mmpretrain", "mmdet", "mmseg"}
KERNELS = {"lanmsff_plugins.layers.fused", "lanmsff_plugins.layers.triton_kernels"}
MODULES = sorted(PACKAGE.rglob("*.py"))


def wing(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def dotted(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(path: Path, at_import: bool = False) -> set[str]:
    """The dotted names of the modules that a file imports; with ``at_import`` only outside of functions."""
    def nodes(tree):
        for node in ast.iter_child_nodes(tree):
            yield node
            if not (at_import and isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))):
                yield from nodes(node)

    package = path.parent.relative_to(ROOT).parts
    found = set()
    for node in nodes(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[:len(package) - node.level + 1] if node.level else ()
            module = ".".join([*base, *filter(None, [node.module])])
            found |= {module} | {f"{module}.{alias.name}" for alias in node.names}
    return found


def ours(names: set[str]) -> set[Path]:
    """The files of this package among dotted names."""
    found = set()
    for name in names:
        path = ROOT.joinpath(*name.split("."))
        found |= {file for file in (path.with_suffix(".py"), path / "__init__.py") if file in MODULES}
    return found


def test_every_wing_has_its_arrows():
    assert {wing(path) for path in MODULES} == MAY_USE.keys()


@pytest.mark.parametrize("name", MAY_USE)
def test_a_wing_uses_only_those_below_it(name):
    for path in MODULES:
        if wing(path) == name:
            used = {wing(file) for file in ours(imports(path))} - {name, "__init__"}
            assert used <= MAY_USE[name], f"{dotted(path)} imports {used - MAY_USE[name]}"


def test_the_arrows_make_no_circle():
    for name, below in MAY_USE.items():
        if not name.startswith("__"):
            for other in below:
                assert name not in MAY_USE[other] and MAY_USE[other] <= below, (name, other)


def test_no_module_imports_itself_by_way_of_others():
    graph = {path: ours(imports(path, at_import=True)) - {path} for path in MODULES}
    # A package's __init__ is run before its modules; that it gathers them is no circle of theirs.
    graph = {path: {file for file in used if file.name != "__init__.py"} for path, used in graph.items()
             if path.name != "__init__.py"}
    done: set[Path] = set()

    def visit(path: Path, above: tuple[Path, ...]) -> None:
        assert path not in above, " > ".join(dotted(file) for file in (*above, path))
        if path not in done:
            for used in graph[path]:
                visit(used, (*above, path))
            done.add(path)

    for path in graph:
        visit(path, ())


def test_kdef_and_fer2013_know_nothing_of_each_other():
    for one, other in (("kdef", "fer2013"), ("fer2013", "kdef")):
        for path in (PACKAGE / "data" / one).glob("*.py"):
            assert not [name for name in imports(path) if f"data.{other}" in name], dotted(path)


def test_only_mm_the_registry_and_the_commands_import_openmmlab():
    for path in MODULES:
        if wing(path) not in ("mm", "registry", "cli"):
            assert not {name.split(".")[0] for name in imports(path)} & OPENMMLAB, dotted(path)


def test_only_the_commands_read_the_command_line_and_know_timm_s_registry():
    for path in MODULES:
        if wing(path) != "cli":
            assert not imports(path) & {"argparse", "timm_registry"}, dotted(path)
            assert "sys.argv" not in path.read_text(), dotted(path)


@pytest.mark.parametrize(("module", "absent"), [
    ("lanmsff_plugins", {"torch", "timm", "numpy"}), ("lanmsff_plugins.base", {"torch", "timm", "numpy"}),
    ("lanmsff_plugins.pictures", {"torch", "timm"}), ("lanmsff_plugins.data", {"torch", "timm"}),
    ("lanmsff_plugins.data.catalog", {"torch", "timm"}), ("lanmsff_plugins.scores", {"torch", "timm"}),
    ("lanmsff_plugins.weights", {"torch", "timm"}), ("lanmsff_plugins.cli.main", {"torch", "timm", "numpy"}),
    ("lanmsff_plugins.export", OPENMMLAB | {"openvino", "nncf", "onnx", "onnxruntime"}),
    ("lanmsff_plugins.layers", OPENMMLAB | KERNELS), ("timm_registry", OPENMMLAB | KERNELS),
    ("lanmsff_plugins.cli.predict", OPENMMLAB | {"cv2", "onnxruntime", "onnx", "retinaface", "matplotlib"})])
def test_importing_a_module_leaves_out_what_it_does_not_need(module, absent):
    code = f"import sys, {module}; print(*sys.modules.keys() & {absent!r})"
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, capture_output=True, text=True,
                          check=True)
    assert done.stdout.split() == []


def test_only_the_kernels_import_triton():
    """With torch, which does so by itself at times."""
    for path in MODULES:
        if dotted(path) not in KERNELS:
            assert not {name.split(".")[0] for name in imports(path)} & {"triton"}, dotted(path)


def test_every_module_says_what_it_is_for():
    for path in MODULES:
        assert ast.get_docstring(ast.parse(path.read_text())), dotted(path)


def test_files_can_be_read_in_a_sitting():
    for path in [*MODULES, *(ROOT / "tools").rglob("*.py"), *(ROOT / "timm_registry").glob("*.py")]:
        text = path.read_text()
        assert len(text.splitlines()) <= 400, dotted(path)
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                first = node.body[0]
                body = node.end_lineno - (first.end_lineno if ast.get_docstring(node) else node.lineno)
                assert body <= 40, f"{dotted(path)}: {node.name} has {body} lines"


def test_a_module_has_tests_of_its_name():
    for path in MODULES:
        place = path.relative_to(PACKAGE)
        if not path.name.startswith("__"):
            assert (ROOT / "tests" / place.parent / f"test_{place.stem}.py").is_file(), dotted(path)
