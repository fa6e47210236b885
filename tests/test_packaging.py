"""What the wheel holds, and that the core stands without OpenMMLab."""
import json
import subprocess
import sys
import zipfile

import pytest

from .conftest import ROOT

WITHOUT_OPENMMLAB = """
import sys
for name in ("mmengine", "mmcv", "mmpretrain", "mmdet", "mmseg"):
    sys.modules[name] = None  # importing it raises ImportError
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> set[str]:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT],
                   check=True, capture_output=True)
    path, = folder.glob("*.whl")
    return set(zipfile.ZipFile(path).namelist())


def test_the_wheel_holds_the_configs_where_mim_looks_for_them(wheel):
    configs = {path.relative_to(ROOT / "mm_configs").as_posix() for path in (ROOT / "mm_configs").rglob("*.py")}
    assert {f"lanmsff_plugins/.mim/configs/{config}" for config in configs} <= wheel
    assert "lanmsff_plugins/.mim/tools/train.py" in wheel


def test_the_wheel_holds_both_packages_and_no_data(wheel):
    assert {"lanmsff_plugins/layers/mass_att.py", "timm_registry/__init__.py"} <= wheel
    assert not [name for name in wheel if name.endswith((".csv", ".webp", ".h5", ".jpg", ".JPG"))]
    assert not [name for name in wheel if name.startswith(("tests", "data/", "work_dirs"))]


def test_the_lock_file_of_the_page_names_versions_and_hashes_and_no_address():
    locked = json.loads((ROOT / "web" / "package-lock.json").read_text())["packages"]
    assert len(locked) > 10
    for name, package in locked.items():
        assert not name or {"version", "integrity"} <= package.keys() and "resolved" not in package


def test_the_core_imports_without_openmmlab():
    code = WITHOUT_OPENMMLAB + "import timm, timm_registry, lanmsff_plugins.data; timm.create_model('lanmsff')"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_the_layers_pass_their_tests_without_openmmlab():
    """All but those of exporters and compilers, which take minutes and see the same code."""
    code = WITHOUT_OPENMMLAB + (
        "import pytest; sys.exit(pytest.main(['-q', '-p', 'no:cacheprovider', '-m', 'not slow', '-k', "
        "'not export and not onnx and not compile', 'tests/layers']))")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:]
