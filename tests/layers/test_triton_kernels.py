"""Every kernel compiles for GPUs, which needs none; what they compute is tested in Triton's interpreter."""
import re

import pytest

pytest.importorskip("triton", "3.9", reason="needs Triton, which comes with torch on Linux")
import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from lanmsff_plugins.layers import triton_kernels

MAPS = {"x", "y", "grad", "weight", "weight1", "weight2", "bias", "bias1", "bias2"}  # and parameters, of any type
CONSTANTS = {"PIXELS": 32, "CHANNELS": 64, "ROWS": 16, "PLACES": 128, "IN": 2, "OUT": 4, "UP": False, "LAST": True}
NUMBERS = re.compile(r"[wxyg]_[noicrsp]|channels|pixels|blocks|squeezed|places|columns|(out_)?(height|width)")


def source(name: str) -> ASTSource:
    """A kernel and the types of its arguments, with maps in bfloat16."""
    kernel = getattr(triton_kernels, name)
    floats = {"x", "y"} if name == "hourglass" else set()  # maps within the layer
    signature = {
        argument: "constexpr" if argument in CONSTANTS else "i32" if NUMBERS.fullmatch(argument) else
        "*bf16" if argument in MAPS - floats else "*fp32" for argument in kernel.arg_names}
    constants = {(i,): CONSTANTS[argument] for i, argument in enumerate(kernel.arg_names) if argument in CONSTANTS}
    return ASTSource(kernel, signature, constants)


@pytest.mark.slow
@pytest.mark.parametrize("capability", [80, 90])
@pytest.mark.parametrize("name", triton_kernels.__all__)
def test_a_kernel_compiles(name, capability, tmp_path, monkeypatch):
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    compiled = triton.compile(source(name), target=GPUTarget("cuda", capability, 32))
    assert f".target sm_{capability}" in compiled.asm["ptx"]
    assert compiled.metadata.shared <= 48 * 1024  # what every GPU has without being asked
