#!/usr/bin/env bash
# pytorch-grad-cam 1.5.7: making a GradCAM object in the middle of training ends training mode.
#
# One would guess: an explainer that is built leaves the model as it was, or restores it.
#
# What happens: the constructor calls model.eval() on the very model, and nothing turns it back. A callback that draws
# maps every so many steps switches Dropout off and freezes the running statistics of batch normalisation for the rest
# of the epoch.
#
# Source: pytorch_grad_cam/base_cam.py, BaseCAM.__init__: self.model.eval().
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.14.1 torchvision==0.29.1 grad-cam==1.5.7 || exit 2
"$dir/env/bin/python" -W ignore - <<'PROBE'
import sys

import torch
from pytorch_grad_cam import GradCAM
from torch import nn

model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                      nn.Dropout(0.5), nn.Linear(4, 2)).train()
with GradCAM(model=model, target_layers=[model[2]]) as explain:
    explain(input_tensor=torch.rand(2, 1, 16, 16), targets=None)
print("training before: True, after:", model.training)
model(torch.rand(2, 1, 16, 16))
print("batches that batch normalisation has seen since:", model[1].num_batches_tracked.item())
sys.exit(not (model.training is False and model[1].num_batches_tracked.item() == 0))
PROBE
