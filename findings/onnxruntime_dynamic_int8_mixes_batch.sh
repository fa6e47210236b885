#!/usr/bin/env bash
# ONNX Runtime 1.32.0, onnx 1.23.2: quantised dynamically, what a network says of a picture depends on the pictures
# beside it.
#
# One would guess: a network without batch norm judges each picture of a batch by itself, in int8 as in float32;
# "dynamic" means that the range of the values is taken anew for each picture.
#
# What happens: quantize_dynamic puts DynamicQuantizeLinear before each convolution, whose one scale is that of the
# whole tensor, batch included. A dark face beside a bright one has only the lowest tenth of the 256 steps left, and
# other scores than alone. A network is then measured otherwise at another batch size or in another order.
#
# Source: ONNX operators, DynamicQuantizeLinear: the minimum and maximum of all of x;
# onnxruntime/quantization/operators/conv.py, ConvInteger. quantize_static has a fixed range, and does not do so.
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6 || exit 2
cd "$dir"
"$dir/env/bin/python" -W ignore - 2> "$dir/log" <<'PROBE' || { rc=$?; cat "$dir/log" >&2; exit $rc; }
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import quantize_dynamic

rng = np.random.default_rng(0)
first = rng.standard_normal((16, 1, 3, 3)).astype(np.float32) / 3
second = rng.standard_normal((7, 16, 3, 3)).astype(np.float32) / 12
graph = helper.make_graph(
    [helper.make_node("Conv", ["pictures", "first"], ["edges"], pads=[1, 1, 1, 1]),
     helper.make_node("Relu", ["edges"], ["kept"]),
     helper.make_node("Conv", ["kept", "second"], ["maps"], pads=[1, 1, 1, 1]),
     helper.make_node("GlobalMaxPool", ["maps"], ["scores"])],
    "scores",
    [helper.make_tensor_value_info("pictures", TensorProto.FLOAT, ["batch", 1, 48, 48])],
    [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["batch", 7, 1, 1])],
    [numpy_helper.from_array(first, "first"), numpy_helper.from_array(second, "second")])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
onnx.checker.check_model(model)
onnx.save(model, "float.onnx")
quantize_dynamic("float.onnx", "int8.onnx")

faces = rng.random((2, 1, 48, 48), np.float32) * np.float32([0.1, 1]).reshape(2, 1, 1, 1)  # a dark one, a bright one
changes = []
for path in "float.onnx", "int8.onnx":
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    alone, beside = (session.run(None, {"pictures": batch})[0][0].ravel() for batch in (faces[:1], faces))
    changes.append(float(np.linalg.norm(beside - alone) / np.linalg.norm(alone)))
    print(f"{path}: scores of the dark face alone  {np.round(alone, 4)}")
    print(f"{path}: beside the bright one          {np.round(beside, 4)}, a change of {changes[-1]:.1%}")
sys.exit(not (changes[0] < 1e-5 and changes[1] > 0.005))
PROBE
