"""What is exported and quantised for OpenVINO gives what the plain model gives."""
import copy
import json
import os
import subprocess
import sys
from importlib.util import find_spec

import pytest
import torch
from torch import nn

from lanmsff_plugins import weights
from lanmsff_plugins.data.fer2013.votes import FERPLUS_CLASSES
from lanmsff_plugins.export import compare_outputs, export_openvino, quantize_openvino, run_openvino, run_torch
from lanmsff_plugins.export.openvino import import_unreported

from ..versions import nncf
from .conftest import images

if find_spec("openvino") is None:  # not by importing it, which would tell its makers of these tests
    pytest.skip("OpenVINO is not installed", allow_module_level=True)


@pytest.fixture(scope="module")
def exported(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("openvino") / "lanmsff.xml"
    export_openvino(model, path, class_names=FERPLUS_CLASSES)
    return path


def test_the_files_give_the_model_s_logits_for_any_batch(model, exported):
    assert {file.name for file in exported.parent.iterdir()} == {"lanmsff.xml", "lanmsff.bin"}
    run = run_openvino(exported, threads=1)
    for batch in (1, 35):  # the second goes through in two parts
        torch.testing.assert_close(run(images(64, 64, batch=batch)), run_torch(model)(images(64, 64, batch=batch)),
                                   rtol=1e-5, atol=1e-5)


def test_the_file_names_its_parts(exported):
    openvino = import_unreported("openvino")
    written = openvino.Core().read_model(exported)
    assert written.inputs[0].any_name == "image" and written.outputs[0].any_name == "logits"
    assert written.inputs[0].partial_shape == openvino.PartialShape([-1, 1, 64, 64])
    assert json.loads(written.get_rt_info("class_names").astype(str)) == list(FERPLUS_CLASSES)
    assert {node.get_type_name() for node in written.get_ops()}.isdisjoint({"BatchNormInference"})


def test_the_size_can_be_left_open(model, tmp_path):
    export_openvino(model, tmp_path / "any.xml", dynamic_size=True)
    run = run_openvino(tmp_path / "any.xml", threads=1)
    for size in ((32, 32), (48, 96)):
        torch.testing.assert_close(run(images(*size)), run_torch(model)(images(*size)), rtol=1e-5, atol=1e-5)


@nncf
@pytest.mark.slow
def test_no_use_is_reported(tmp_path):
    """What reports keeps a number of the user's in the home folder, and sends from a thread."""
    program = """
import sys, threading, torch
from lanmsff_plugins.export import export_openvino, quantize_openvino, run_openvino
model = torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3), torch.nn.Flatten(), torch.nn.Linear(4 * 14 * 14, 3)).eval()
export_openvino(model, sys.argv[1] + "/x.xml", (1, 16, 16))
quantize_openvino(sys.argv[1] + "/x.xml", sys.argv[1] + "/x.int8.xml", torch.rand(4, 1, 16, 16))
run_openvino(sys.argv[1] + "/x.int8.xml")(torch.rand(1, 1, 16, 16))
assert not [thread.name for thread in threading.enumerate() if "ThreadPool" in thread.name]
"""
    home = tmp_path / "home"
    home.mkdir()
    environment = {name: value for name, value in os.environ.items() if name != "CI"} | {"HOME": str(home)}
    subprocess.run([sys.executable, "-W", "ignore", "-c", program, tmp_path], check=True, env=environment)
    assert not list(home.iterdir())


@pytest.mark.skipif(sys.platform != "linux", reason="reads the process's memory as Linux shows it")
def test_signals_have_a_stack_after_models_have_gone(exported):
    """Each core of OpenVINO puts one of its own in its place; a signal on one that was freed ends the process."""
    program = """
import ctypes, faulthandler, gc, sys, torch
from lanmsff_plugins.export import run_openvino
faulthandler.enable()
for _ in range(2):
    run = run_openvino(sys.argv[1])
    for batch in (1, 2, 3):
        run(torch.rand(batch, 1, 64, 64))
    del run
    gc.collect()

class Stack(ctypes.Structure):
    _fields_ = [("start", ctypes.c_void_p), ("flags", ctypes.c_int), ("size", ctypes.c_size_t)]

stack = Stack()
ctypes.CDLL(None).sigaltstack(None, ctypes.byref(stack))
writable = [line.split()[0].split("-") for line in open("/proc/self/maps") if line.split()[1].startswith("rw")]
print(any(int(start, 16) <= stack.start and stack.start + stack.size <= int(end, 16) for start, end in writable))
"""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", program, exported], capture_output=True, text=True)
    assert done.stdout == "True\n", done.stderr


@nncf
@pytest.mark.slow
def test_int8_of_trained_weights_stays_near_and_smaller(faces, tmp_path):
    model, exported = weights.load("lanmsff_ferplus"), tmp_path / "float32.xml"
    export_openvino(model, exported)
    quantize_openvino(exported, tmp_path / "int8.xml", faces[:64])
    expected, got = run_torch(model)(faces[-32:]), run_openvino(tmp_path / "int8.xml", threads=1)(faces[-32:])
    spread = (expected - expected.mean(0)).std()
    assert 0 < (expected - got).std() < 0.5 * spread, compare_outputs(expected, got)
    assert (tmp_path / "int8.bin").stat().st_size < 0.5 * exported.with_suffix(".bin").stat().st_size


def test_what_cannot_be_exported_is_refused_and_leaves_no_file(model, exported, tmp_path):
    with pytest.raises(ValueError, match="OpenVINO's files end in .xml, got .*x.onnx"):
        export_openvino(model, tmp_path / "x.onnx")
    with pytest.raises(ValueError, match="the model has 8 classes, got 2 names: glad, sad"):
        export_openvino(model, tmp_path / "x.xml", class_names=("glad", "sad"))
    with pytest.raises(ValueError, match="calibrated with faces, got none"):
        quantize_openvino(exported, tmp_path / "x.xml", images(64, 64)[:0])
    broken = copy.deepcopy(model)
    broken.head.fc.bias.data[3] = torch.inf
    with pytest.raises(ValueError, match=r"values that are not finite \(NaN or infinite\), in head.fc.bias"):
        export_openvino(broken, tmp_path / "x.xml")
    assert list(tmp_path.iterdir()) == []


class Even(nn.Module):
    """A branch on the size of the batch, of which a trace keeps one side."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(64 * 64, 3)

    def forward(self, x):
        x = self.fc(x.flatten(1))
        return x if len(x) == 2 else 2 * x


def test_a_file_that_computes_something_else_is_refused(tmp_path):
    with pytest.raises(ValueError, match="gives other outputs than PyTorch for 1 images of 64x64"):
        export_openvino(Even(), tmp_path / "x.xml")
    assert list(tmp_path.iterdir()) == []
