"""timm's own tests of its models, unmodified, on ours.

They come from a checkout of timm that TIMM_CHECKOUT names, and run on the timm in it; `make test-timm` makes two.
"""
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import ROOT


@pytest.mark.slow
@pytest.mark.parametrize("checkout", os.environ.get("TIMM_CHECKOUT", "").split(":"), ids=lambda path: Path(path).name)
def test_timms_own_tests_pass(checkout):
    if not checkout:
        pytest.skip("TIMM_CHECKOUT does not name a checkout of timm, or several with colons between them")
    env = {key: value for key, value in os.environ.items() if key != "GITHUB_ACTIONS"}  # there it would run fewer
    env["PYTHONPATH"] = os.pathsep.join([str(Path(checkout).resolve()), str(ROOT)])
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "timm_registry", "-p", "no:cacheprovider", "tests/test_models.py",
         "-k", "lanmsff"], cwd=checkout, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-4000:]
    assert int(re.search(r"(\d+) passed", done.stdout)[1]) >= 20
