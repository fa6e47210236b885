#!/usr/bin/env bash
# timm 1.0.31: with warm-up, a cosine schedule never reaches the learning rate it was given.
#
# One would guess: warmup_epochs=3 climbs to the learning rate in three epochs, and the cosine falls from there.
#
# What happens: after the warm-up the cosine goes on as if it had started in epoch 0. The warm-up aims at the full
# rate, but the rate drops below it in the very step that would have reached it: with 3 of 10 epochs the highest rate
# is 0.79 of what was asked for; with 5 of 10 it climbs to 0.8 and drops to 0.5. Comparing with another trainer's "lr
# 1e-3, warm-up 5" compares two rates. warmup_prefix=True does what one expects, over more epochs in all.
#
# Source: timm/scheduler/cosine_lr.py, CosineLRScheduler._get_lr: t is only shifted if warmup_prefix.
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.14.1 torchvision==0.29.1 timm==1.0.31 || exit 2
"$dir/env/bin/python" -W ignore - <<'PROBE'
import sys

import torch
from timm.scheduler import create_scheduler_v2


def rates(**options):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler, epochs = create_scheduler_v2(optimizer, "cosine", num_epochs=10, warmup_lr=0.0, **options)
    seen = []
    for epoch in range(epochs):
        seen.append(round(optimizer.param_groups[0]["lr"], 3))
        scheduler.step(epoch + 1)
    return seen


three, five, prefix = rates(warmup_epochs=3), rates(warmup_epochs=5), rates(warmup_epochs=3, warmup_prefix=True)
print("warmup_epochs=3:", three)
print("warmup_epochs=5:", five)
print("warmup_epochs=3, warmup_prefix=True:", prefix)
sys.exit(not (max(three) == 0.794 and max(five) == 0.8 and five[5] == 0.5 and max(prefix) == 1.0))
PROBE
