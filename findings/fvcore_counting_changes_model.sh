#!/usr/bin/env bash
# fvcore 0.1.5.post20221221: counting the operations of a model changes the model.
#
# One would guess: FlopCountAnalysis looks at a model and leaves it as it was; and the cost of batch normalisation at
# inference is what is counted.
#
# What happens: the model is run in the mode it is in. In training mode its batch normalisations take the random
# input, or the zeros, that it is counted with into their running statistics: after one count, a tenth of each. The
# same count also gives another figure than in eval mode (5 operations for each value in place of 2). A line that
# prints the FLOPs of a freshly loaded model before model.eval() spoils its weights. MMEngine 0.10.7's
# get_model_complexity_info, made from it, does the same.
#
# Source: fvcore/nn/jit_analysis.py, _get_scoped_trace_graph, traces the model as it is; fvcore/nn/jit_handles.py,
# batchnorm_flop_jit.
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.13.0 numpy==2.4.6 fvcore==0.1.5.post20221221 || exit 2
"$dir/env/bin/python" -W ignore - <<'PROBE'
import sys

import torch
from fvcore.nn import FlopCountAnalysis
from torch import nn

torch.manual_seed(0)
model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8))
model[1].running_mean.fill_(5.0)  # as if trained
face = torch.rand(1, 3, 48, 48)
before = model.eval()(face).mean().item()
counts = {}
for training in False, True:
    analysis = FlopCountAnalysis(model.train(training), torch.zeros(1, 3, 48, 48)).unsupported_ops_warnings(False)
    counts[training] = analysis.by_operator()["batch_norm"]
    after = model.eval()(face).mean().item()
    print(f"counted with training={training}: batch_norm {counts[training]}, mean output {before:.3f} -> {after:.3f}, "
          f"running mean {model[1].running_mean[0].item():.3f}")
sys.exit(not (counts[True] > counts[False] and model[1].running_mean[0].item() < 4.6))
PROBE
