"""The kernels for GPUs give what the plain layers give, and nobody needs Triton who has no GPU."""
import os
import subprocess
import sys
from importlib.util import find_spec

import pytest
import torch

from lanmsff_plugins.layers import checks

from ..conftest import ROOT
from ..versions import needs

missing = find_spec("triton") is None
in_triton = (pytest.mark.skip(reason="needs Triton, which comes with torch on Linux") if missing else
             needs("triton", "3.9", "a run of these kernels in Triton's interpreter"))


def python(*args: str) -> subprocess.CompletedProcess:
    """A process in which Triton interprets its kernels, on CPUs."""
    return subprocess.run([sys.executable, "-W", "ignore", *args], cwd=ROOT, capture_output=True, text=True,
                          env={**os.environ, "OMP_NUM_THREADS": "1", "TRITON_INTERPRET": "1"})


@in_triton
@pytest.mark.slow
def test_the_kernels_pass_their_tests_in_triton_s_interpreter():
    done = python("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/layers/interpreted.py")
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def test_without_triton_a_layer_computes_by_pytorch():
    code = """
import sys
sys.modules["triton"] = None  # as if it were not installed
import torch
from lanmsff_plugins.layers import MassAtt, checks
x = torch.rand(1, 6, 4, 4)
print(checks.fuses(x), MassAtt(6)(x).shape)
"""
    done = python("-c", code)
    assert done.stdout == "False torch.Size([1, 6, 4, 4])\n", done.stderr


@pytest.mark.skipif(missing, reason="needs Triton, which comes with torch on Linux")
def test_a_device_on_which_the_kernels_do_not_run_is_said_once(monkeypatch, recwarn):
    monkeypatch.setattr(checks, "_works", {})
    assert not checks._triton_works("cuda", 99) and not checks._triton_works("cuda", 99)
    assert [str(each.message).partition(":")[0] for each in recwarn] == [
        "Triton's kernels do not run on cuda, so layers use PyTorch's"]


def test_on_a_cpu_no_layer_uses_kernels_of_its_own():
    assert not checks.fuses(torch.rand(1, 3, 4, 4))
