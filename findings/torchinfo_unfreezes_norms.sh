#!/usr/bin/env bash
# torchinfo 1.8.0, thop 0.1.1 and PyTorch 2.14.1's ONNX exporter: norms that were frozen train again after a look.
#
# One would guess: printing a summary, counting or exporting in the middle of a training leaves the model as it was,
# with the batch norms in evaluation mode that the training has frozen.
#
# What happens: they note the mode of the model, evaluate, and give that mode back to all of its parts. A frozen batch
# norm then follows the batches, and what was frozen with it changes its outputs, from the next step on; nothing is
# said. So do torchinfo.summary, thop.profile and torch.onnx.export(dynamo=False). ptflops 0.7.5 and OpenVINO 2026.4.0
# leave the whole model in evaluation mode instead. fvcore, torch.export and torch.onnx.export(dynamo=True) change
# nothing.
#
# Source: torchinfo/torchinfo.py (forward_pass, model.train(saved_model_mode)), thop/profile.py (model.train(training)),
# torch/onnx/_internal/torchscript_exporter/utils.py (select_model_mode_for_export), ptflops/pytorch_engine.py
# (eval()).
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.14.1 numpy==2.4.6 torchinfo==1.8.0 thop==0.1.1.post2209072238 \
    ptflops==0.7.5 fvcore==0.1.5.post20221221 onnx==1.23.2 onnxscript==0.7.2 openvino==2026.4.0 || exit 2
CI=true "$dir/env/bin/python" -W ignore - > "$dir/out" 2>&1 <<'PROBE' || { rc=$?; cat "$dir/out" >&2; exit $rc; }
import io
import sys

import openvino
import thop
import torch
import torchinfo
from fvcore.nn import FlopCountAnalysis
from ptflops import get_model_complexity_info
from torch import nn

faces = torch.rand(2, 1, 8, 8)
looks = {
    "torchinfo.summary": lambda model: torchinfo.summary(model, input_data=faces, verbose=0),
    "thop.profile": lambda model: thop.profile(model, (faces,), verbose=False),
    "torch.onnx.export(dynamo=False)": lambda model: torch.onnx.export(model, (faces,), io.BytesIO(), dynamo=False),
    "torch.onnx.export(dynamo=True)": lambda model: torch.onnx.export(model, (faces,), dynamo=True, verbose=False),
    "fvcore": lambda model: FlopCountAnalysis(model, faces).total(),
    "torch.export": lambda model: torch.export.export(model, (faces,)),
    "ptflops": lambda model: get_model_complexity_info(model, (1, 8, 8), False, False),
    "openvino.convert_model": lambda model: openvino.convert_model(model, example_input=faces),
}
found = {}
for name, look in looks.items():
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Conv2d(4, 4, 3), nn.BatchNorm2d(4)).train()
    model[1].eval()
    look(model)
    found[name] = model[1].training, model[3].training
    print(f"after {name}, the frozen norm is in training: {model[1].training}, the other: {model[3].training}")
print("before, the frozen norm is in training: False, the other: True")
sys.exit(list(found.values()) != 3 * [(True, True)] + 3 * [(False, True)] + 2 * [(False, False)])
PROBE
grep -E "^(after|before)" "$dir/out"
