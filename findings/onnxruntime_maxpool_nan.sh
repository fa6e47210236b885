#!/usr/bin/env bash
# ONNX Runtime 1.32.0 on an x86 CPU: MaxPool drops NaN, unless it is the last value of its window.
#
# One would guess: NaN in, NaN out, as in PyTorch's max_pool2d and in ONNX Runtime's own Relu and AveragePool; so a
# NaN in the scores reveals a broken input.
#
# What happens: the maximum of NaN and the values after it in the window is the maximum of the values after it; only a
# NaN that comes last stays. GlobalMaxPool over a picture drops it likewise. So a network that pools early answers
# some pictures with broken pixels by ordinary probabilities, and others by NaN, where PyTorch always answers NaN.
#
# Source: ONNX Runtime's core/mlas/lib/pooling.cpp, MlasMaximumPooling, by MlasMaximumFloat32x4, whose machine
# instruction returns its second operand if one is NaN.
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0 || exit 2
"$dir/env/bin/python" -W ignore - <<'PROBE'
import sys

import numpy as np
import onnxruntime
from onnx import TensorProto, helper


def run(operator, picture, **attributes):
    node = helper.make_node(operator, ["x"], ["y"], **attributes)
    shape = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 1, None, None]) for name in "xy"]
    model = helper.make_model(helper.make_graph([node], "g", shape[:1], shape[1:]),
                              opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": picture})[0]


window = dict(kernel_shape=[2, 2], strides=[2, 2])
seen = {}
for place in (0, 0), (0, 1), (1, 0), (1, 1):
    picture = np.ones((1, 1, 48, 48), np.float32)
    picture[0, 0][place] = np.nan
    seen[place] = run("MaxPool", picture, **window)[0, 0, 0, 0]
    print(f"NaN at {place} of a 2x2 window of ones: MaxPool {seen[place]}, "
          f"AveragePool {run('AveragePool', picture, **window)[0, 0, 0, 0]}, Relu {run('Relu', picture)[0, 0][place]}, "
          f"GlobalMaxPool {run('GlobalMaxPool', picture)[0, 0, 0, 0]}")
sys.exit(not (seen[0, 0] == seen[0, 1] == seen[1, 0] == 1 and np.isnan(seen[1, 1])))
PROBE
