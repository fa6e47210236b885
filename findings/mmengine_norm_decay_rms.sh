#!/usr/bin/env bash
# MMEngine 0.10.7 with PyTorch 2.14.1 and timm 1.0.31: norm_decay_mult=0 leaves the weights of RMSNorm decaying.
#
# One would guess: paramwise_cfg=dict(norm_decay_mult=0.) takes the weights of norms out of weight decay.
#
# What happens: it does so for batch, instance, group and layer norm, whose classes it lists. torch.nn.RMSNorm, timm's
# RmsNorm and RmsNorm2d and its FilterResponseNorm are none of them: their scales are pulled towards 0 with the rest.
# The log lists what has options of its own, and so does not name them either.
#
# Source: mmengine/optim/optimizer/default_constructor.py, DefaultOptimWrapperConstructor.add_params, is_norm.
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.14.1 torchvision==0.29.1 timm==1.0.31 mmengine==0.10.7 \
    numpy==2.4.6 || exit 2
"$dir/env/bin/python" -W ignore - 2> "$dir/log" <<'PROBE' || { rc=$?; cat "$dir/log" >&2; exit $rc; }
import sys

from mmengine.optim import build_optim_wrapper
from timm import layers
from torch import nn

norms = nn.ModuleList([
    nn.BatchNorm2d(8), layers.LayerNorm2d(8), nn.RMSNorm(8), layers.RmsNorm(8), layers.RmsNorm2d(8),
    layers.FilterResponseNormTlu2d(8)])
optim = build_optim_wrapper(norms, dict(
    optimizer=dict(type="SGD", lr=0.1, weight_decay=0.05), paramwise_cfg=dict(norm_decay_mult=0.)))
decays = {}
for group, (name, _) in zip(optim.param_groups, norms.named_parameters()):
    if name.endswith("weight"):
        decays[type(norms[int(name.split(".")[0])]).__name__] = group["weight_decay"]
print("weight decay with norm_decay_mult=0:", ", ".join(f"{name} {decay}" for name, decay in decays.items()))
sys.exit(list(decays.values()) != [0, 0, 0.05, 0.05, 0.05, 0.05])
PROBE
