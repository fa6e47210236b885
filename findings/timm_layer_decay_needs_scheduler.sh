#!/usr/bin/env bash
# timm 1.0.31: layer decay is not in the optimiser; without timm's own scheduler every layer trains at the full rate.
#
# One would guess: create_optimizer_v2(model, layer_decay=0.5) gives parameter groups with falling learning rates.
#
# What happens: each group gets a key lr_scale, and all get the same lr. Only timm's schedulers multiply the two. In a
# loop with one of torch's schedulers, or none, the layers differ in nothing, before and after its steps.
#
# Source: timm/optim/_param_groups.py, param_groups_layer_decay (sets lr_scale); timm/scheduler/scheduler.py,
# Scheduler.update_groups (the only reader).
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.14.1 torchvision==0.29.1 timm==1.0.31 || exit 2
"$dir/env/bin/python" -W ignore - <<'PROBE'
import sys

import timm
import torch
from timm.optim import create_optimizer_v2
from timm.scheduler import CosineLRScheduler


def rates(make_scheduler):
    model = timm.create_model("resnet18", num_classes=7)
    optimizer = create_optimizer_v2(model, "adamw", lr=0.1, layer_decay=0.5)
    make_scheduler(optimizer).step(1)
    return [group["lr"] for group in optimizer.param_groups], [group["lr_scale"] for group in optimizer.param_groups]


torchs, scales = rates(lambda optimizer: torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 10))
timms, _ = rates(lambda optimizer: CosineLRScheduler(optimizer, 10))
print(f"lr_scale of the groups: {min(scales):.4f} to {max(scales)}")
print(f"rates under torch's CosineAnnealingLR: {min(torchs):.5f} to {max(torchs):.5f}")
print(f"rates under timm's CosineLRScheduler:  {min(timms):.5f} to {max(timms):.5f}")
sys.exit(not (min(scales) < 0.01 and min(torchs) == max(torchs) and min(timms) < max(timms) / 100))
PROBE
