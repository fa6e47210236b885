"""MMDetection's and MMSegmentation's own tests of ResNet and FPN, unmodified, with this package imported.

MMDET_TESTS and MMSEG_TESTS name the folders that hold their ``tests``; `make test-openmmlab` fetches both.
"""
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from torchvision.models import get_model, get_model_weights

from ..conftest import ROOT

# Operators that mmcv-lite lacks, and for which there is no stand-in.
OF_MMCV = "not carafe and not dyhead and not nas"
HOSTS = {
    "mmdet": ["tests/test_models/test_backbones/test_resnet.py", "tests/test_models/test_necks"],
    "mmseg": ["tests/test_models/test_backbones/test_resnet.py", "tests/test_models/test_necks/test_fpn.py"]}


@pytest.fixture(scope="module")
def cache(tmp_path_factory) -> Path:
    """torch's cache with drawn weights in the place of those that some tests would download, to see them loaded."""
    folder = tmp_path_factory.mktemp("torch") / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    for name in ("resnet18", "resnet50"):
        for url in (weights.url for weights in get_model_weights(name)):
            torch.save(get_model(name).state_dict(), folder / url.rpartition("/")[2])
    return folder.parent.parent


def run_tests(folder: str, files: list[str], cache: Path, *options: str) -> str:
    """The last line of pytest on files of a folder."""
    chosen = OF_MMCV if find_spec("mmcv._ext") is None else ""
    code = (f"import sys; sys.path.insert(0, {str(ROOT / 'tests' / 'mm')!r}); import openmmlab; sys.path.pop(0); "
            "openmmlab.stand_in_for_operators(); import pytest; sys.exit(pytest.main(sys.argv[1:]))")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, "-q", "-p", "no:cacheprovider", "-k", chosen, *options, *files],
        cwd=folder, capture_output=True, text=True, env={**os.environ, "TORCH_HOME": str(cache), "PYTHONPATH":
            os.pathsep.join([os.environ.get("PYTHONPATH", ""), str(ROOT)])})
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    return done.stdout.splitlines()[-1]


@pytest.mark.slow
@pytest.mark.parametrize("host", HOSTS)
def test_a_host_s_own_tests_pass_with_this_package_imported(host, cache):
    folder = os.environ.get(f"{host.upper()}_TESTS")
    if folder is None or find_spec(host) is None:
        pytest.skip(f"{host} is not installed, or {host.upper()}_TESTS does not name the folder with its tests")
    without, with_ours = (
        run_tests(folder, HOSTS[host], cache, *options) for options in ([], ["-p", "lanmsff_plugins.mm"]))
    passed = [re.search(r"(\d+) passed", line)[1] for line in (without, with_ours)]
    assert passed[0] == passed[1] and "skipped" not in with_ours
