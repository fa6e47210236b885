#!/usr/bin/env bash
# ONNX Runtime 1.32.0: quantize_dynamic does nothing, or too much, for a misspelt name, and reports success.
#
# One would guess: an operator type, a node to leave out or an option that does not exist is an error.
#
# What happens: op_types_to_quantize=["matmul"] (the type is MatMul) writes a "quantised" file that is float32
# throughout; nodes_to_exclude with a wrong name quantises the layer that was to be left out; unknown extra_options
# are dropped. All three without a word. Whoever then compares accuracies finds "no loss by int8".
#
# Source: onnxruntime/quantization/quantize.py, quantize_dynamic and QuantConfig: the lists are only ever tested by
# `in`, extra_options only read by `.get`.
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0 || exit 2
"$dir/env/bin/python" -W ignore - <<'PROBE'
import os
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import quantize_dynamic

folder = tempfile.mkdtemp()
source = os.path.join(folder, "model.onnx")
weights = np.random.default_rng(0).normal(size=(64, 64)).astype(np.float32)
values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 64]) for name in "xy"]
graph = helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["y"], name="head")], "g", values[:1], values[1:],
                          [numpy_helper.from_array(weights, "w")])
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), source)


def operators(**options):
    target = os.path.join(folder, "quantised.onnx")
    quantize_dynamic(source, target, **options)
    return sorted({node.op_type for node in onnx.load(target).graph.node})


plain = operators()
wrong_type = operators(op_types_to_quantize=["matmul"])
right_node = operators(nodes_to_exclude=["head"])
wrong_node = operators(nodes_to_exclude=["haed"], extra_options={"WeightSymetric": False})
print("default:                          ", plain)
print("op_types_to_quantize=['matmul']:  ", wrong_type)
print("nodes_to_exclude=['head']:        ", right_node)
print("nodes_to_exclude=['haed'], option:", wrong_node)
sys.exit(not (wrong_type == right_node == ["MatMul"] and "MatMulInteger" in plain and wrong_node == plain))
PROBE
