#!/usr/bin/env bash
# onnx-graphsurgeon 0.6.1 and ONNX 1.23.2: reading a model and writing it again drops its metadata.
#
# One would guess: import_onnx and export_onnx without a change in between give the model back, and extract_model the
# asked part of it; as onnxsim, onnxslim and ONNX Runtime's tools they keep what the file says beside the graph, such as
# the names of its classes.
#
# What happens: metadata_props is empty after both. What comes out runs, and an application that takes the names of the
# classes from the file has none.
#
# Source: onnx_graphsurgeon/exporters/onnx_exporter.py, export_onnx, which makes a new model of the graph;
# onnx/utils.py, Extractor.
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile onnx==1.23.2 onnx-graphsurgeon==0.6.1 onnxslim==0.1.98 numpy==2.4.6 \
    || exit 2
"$dir/env/bin/python" -W ignore - "$dir/model.onnx" "$dir/part.onnx" <<'PROBE'
import sys

import onnx
import onnx_graphsurgeon
import onnxslim
from onnx import TensorProto, helper, utils, version_converter

path, part = sys.argv[1:]
image, logits = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 7]) for name in ("image", "logits"))
model = helper.make_model(
    helper.make_graph([helper.make_node("Relu", ["image"], ["features"]),
                       helper.make_node("Neg", ["features"], ["logits"])], "net", [image], [logits]),
    opset_imports=[helper.make_opsetid("", 17)])
helper.set_model_props(model, {"class_names": '["happiness", "sadness"]'})
onnx.save(model, path)
utils.extract_model(path, part, ["image"], ["features"])
found = {
    "onnxslim": onnxslim.slim(onnx.load(path)),
    "ONNX's version converter": version_converter.convert_version(model, 18),
    "onnx-graphsurgeon": onnx_graphsurgeon.export_onnx(onnx_graphsurgeon.import_onnx(onnx.load(path))),
    "ONNX's extract_model": onnx.load(part)}
kept = {name: any(entry.key == "class_names" for entry in made.metadata_props) for name, made in found.items()}
for name, has in kept.items():
    print(f"class names after {name}: {'there' if has else 'gone'}")
sys.exit(list(kept.values()) != [True, True, False, False])
PROBE
