#!/usr/bin/env bash
# Captum 0.9.0: DeepLift does not explain networks with SiLU, GELU, Hardswish or ReLU6, and does not say so.
#
# One would guess: DeepLift's attributions sum to the difference of the outputs, whatever the activation; an
# activation without a rule is refused, as a module that is used twice is.
#
# What happens: modules without a rule are passed with their plain gradient. The attributions of an EfficientNet
# (SiLU), MobileNetV3 (Hardswish), MobileNetV2 (ReLU6) or ViT (GELU) then miss a large part of the difference. Only
# whoever asks for return_convergence_delta=True sees it.
#
# Source: captum/attr/_core/deep_lift.py, SUPPORTED_NON_LINEAR, a table of exact types, and _can_register_hook, which
# passes over what is not in it.
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.13.0 numpy==2.4.6 captum==0.9.0 || exit 2
"$dir/env/bin/python" -W ignore - <<'PROBE'
import sys

import torch
from captum.attr import DeepLift
from torch import nn

missing = {}
for activation in nn.ReLU, nn.Tanh, nn.SiLU, nn.GELU, nn.Hardswish, nn.ReLU6:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 32), activation(), nn.Linear(32, 3)).eval()
    inputs, baseline = 5 * torch.randn(64, 8), torch.zeros(64, 8)
    attributions = DeepLift(model).attribute(inputs, baseline, target=0)
    difference = (model(inputs) - model(baseline))[:, 0]
    missing[activation.__name__] = ((attributions.sum(1) - difference).abs().sum() / difference.abs().sum()).item()
for name, share in missing.items():
    print(f"{name:9} share of the difference that the attributions miss: {share:.1%}")
exact = missing["ReLU"] < 1e-3 and missing["Tanh"] < 1e-3
sys.exit(not (exact and all(missing[name] > 0.05 for name in ("SiLU", "GELU", "Hardswish", "ReLU6"))))
PROBE
