#!/usr/bin/env bash
# fvcore 0.1.5.post20221221: counting a model in training mode changes it.
#
# One would guess: FlopCountAnalysis only looks at the model, or switches it to eval mode for the count.
#
# What happens: it runs the model once in the mode that it is in. In training mode, as a new model is, all batch norms
# take the random picture into their running statistics, so that counting between two epochs, or after loading a
# checkpoint and before eval(), is a step of training for them: eval-mode scores differ afterwards. A batch of one
# ends in an error where a norm sees a single value.
#
# Source: fvcore/nn/jit_analysis.py, JitModelAnalysis._analyze and _get_scoped_trace_graph, which traces as it is.
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.14.1 torchvision==0.29.1 fvcore==0.1.5.post20221221 timm==1.0.31 \
    numpy==2.4.6 || exit 2
"$dir/env/bin/python" -W ignore - <<'PROBE'
import sys

import timm
import torch
from fvcore.nn import FlopCountAnalysis

torch.manual_seed(0)
model = timm.create_model("resnet18", num_classes=7)
images = torch.randn(4, 3, 64, 64)


@torch.no_grad()
def scores():
    mode, said = model.training, model.eval()(images)
    model.train(mode)
    return said


changes = {}
for training in False, True:
    before = scores()
    FlopCountAnalysis(model.train(training), torch.randn(2, 3, 64, 64)).unsupported_ops_warnings(False).total()
    changes[training] = ((scores() - before).norm() / before.norm()).item()
    print(f"counted in {'training' if training else 'eval'} mode: eval-mode scores change by {changes[training]:.2g}")
sys.exit(not (changes[False] == 0 and changes[True] > 0.01))
PROBE
