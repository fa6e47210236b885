#!/usr/bin/env bash
# onnxconverter-common 1.16.0: in float16, weights end at 10,000, and those below 1e-7 become 1e-7.
#
# One would guess: a conversion to float16 rounds each weight to the nearest float16; these go to 65,504, and small ones
# go to zero.
#
# What happens: a weight of 20,000 becomes 10,000, and one of 1e-8 becomes 1.2e-7, twelve times as large, since the
# arguments max_finite_val and min_positive_val have these defaults. A warning names the numbers, among those for each
# other weight. Scales of unusual inputs and the norms of dead channels are what has such numbers. ONNX Runtime's own
# copy of the function, in onnxruntime.transformers, has float16's bounds.
#
# Source: onnxconverter_common/float16.py, convert_float_to_float16 and convert_np_to_float16.
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile onnxconverter-common==1.16.0 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6 \
    || exit 2
"$dir/env/bin/python" -W ignore - <<'PROBE'
import sys

import numpy as np
from onnx import TensorProto, helper, numpy_helper
from onnxconverter_common import float16 as common
from onnxruntime.transformers import float16 as runtime

weights = np.array([20000., 60000., 1e-8, 0.5], np.float32)


def converted(module):
    shape = helper.make_tensor_value_info("x", TensorProto.FLOAT, [4]), helper.make_tensor_value_info(
        "y", TensorProto.FLOAT, [4])
    graph = helper.make_graph([helper.make_node("Mul", ["x", "scale"], ["y"])], "scaled", [shape[0]], [shape[1]],
                              [numpy_helper.from_array(weights, "scale")])
    model = module.convert_float_to_float16(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]))
    return numpy_helper.to_array(model.graph.initializer[0]).astype(float).tolist()


found = {"NumPy": weights.astype(np.float16).astype(float).tolist(), "onnxconverter-common": converted(common),
         "ONNX Runtime": converted(runtime)}
for name, values in found.items():
    print(f"20000, 60000, 1e-8 and 0.5 in float16 by {name}:", *(f"{value:.6g}" for value in values))
sys.exit(found["onnxconverter-common"][:2] != [1e4, 1e4] or found["onnxconverter-common"][2] < 1e-7
         or found["ONNX Runtime"][:2] != found["NumPy"][:2])
PROBE
