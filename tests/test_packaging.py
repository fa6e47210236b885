"""What the wheel and the source distribution hold, and that the core stands without OpenMMLab."""
import json
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from importlib.metadata import PathDistribution
from pathlib import Path

import pytest

from lanmsff_plugins import __version__, weights

from .conftest import ROOT

WITHOUT_OPENMMLAB = """
import sys
for name in ("mmengine", "mmcv", "mmpretrain", "mmdet", "mmseg"):
    sys.modules[name] = None  # importing it raises ImportError
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory) -> Path:
    """The repository's files, with what examples, trainings and tests leave behind in a checkout."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT,
                            capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("this is no checkout of git")
    folder = tmp_path_factory.mktemp("checkout")
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    for left in ("data/fer2013/fer2013.csv", "faces/fer2013new.csv", "grad_cam.png", "lightning_logs/hparams.yaml",
                 "lanmsff_plugins/__pycache__/scores.pyc", "work_dirs/run/epoch_1.pth"):
        (folder / left).parent.mkdir(parents=True, exist_ok=True)
        (folder / left).touch()
    return folder


@pytest.fixture(scope="module")
def built(checkout) -> Path:
    """A folder with the source distribution, and the wheel that is built from it."""
    subprocess.run([sys.executable, "-m", "build", "--no-isolation", checkout], check=True, capture_output=True)
    return checkout / "dist"


@pytest.fixture(scope="module")
def wheel(built) -> dict[str, int]:
    """The size of each file of the wheel."""
    path, = built.glob("*.whl")
    return {info.filename: info.file_size for info in zipfile.ZipFile(path).infolist()}


@pytest.fixture(scope="module")
def sdist(built) -> dict[str, int]:
    """The size of each file of the source distribution."""
    path, = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        return {member.name.partition("/")[2]: member.size for member in archive if member.isfile()}


def files_of(*folders: str, suffix: str = "") -> set[str]:
    return {path.relative_to(ROOT).as_posix() for folder in folders for path in (ROOT / folder).rglob(f"*{suffix}")
            if path.is_file() and "__pycache__" not in path.parts}


def test_the_wheel_holds_both_packages_and_the_configs_where_mim_looks_for_them(wheel):
    configs = {name.replace("mm_configs", "configs", 1) for name in files_of("mm_configs")}
    for_mim = {"model-index.yml", "mm_configs/metafile.yml", "tools/train.py", "tools/test.py"} | configs
    expected = files_of("lanmsff_plugins", "timm_registry") | {f"lanmsff_plugins/.mim/{name}" for name in for_mim}
    assert {name for name in wheel if ".dist-info/" not in name} == expected


def test_the_source_distribution_holds_what_the_wheel_is_made_of_and_the_documentation(sdist):
    assert {name.partition("/")[0] for name in sdist} == {
        "CHANGELOG.md", "CITATION.cff", "CONTRIBUTING.md", "LICENSE", "PKG-INFO", "README.md", "SECURITY.md",
        "constraints.txt", "docs", "lanmsff_plugins", "mkdocs.yml", "mm_configs", "model-index.yml", "pyproject.toml",
        "timm_registry", "tools", ".gitignore"}
    assert sdist.keys() >= files_of("lanmsff_plugins", "timm_registry", "mm_configs", "docs", "tools")


@pytest.mark.parametrize("archive", ["wheel", "sdist"])
def test_nothing_that_is_no_part_of_the_package_is_in_an_archive(archive, request):
    sizes = request.getfixturevalue(archive)
    unwanted = r"\.(csv|h5|jpe?g|npz|parquet|pth|pyc)$|grad_cam\.png|_logs/"
    assert not [name for name in sizes if re.search(unwanted, name, re.I)]
    large = [name for name, size in sizes.items() if size > 200_000]
    assert sorted(large) == sorted(f"lanmsff_plugins/weights/{name}.safetensors" for name in weights.names()
                                   if weights.weights_file(name).stat().st_size > 200_000)


def test_the_metadata_name_the_version_and_ask_for_six_packages(built):
    path, = built.glob("*.whl")
    found = PathDistribution(zipfile.Path(path, f"lanmsff_plugins-{__version__}.dist-info/"))
    assert found.version == __version__
    needed = {re.split(r"\W", line)[0].lower() for line in found.requires if "extra ==" not in line}
    assert needed == {"torch", "torchvision", "timm", "safetensors", "numpy", "pillow"}
    assert [point.name for point in found.entry_points] == ["lanmsff"]


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
