#!/usr/bin/env bash
# timm 1.0.31: the "poly" schedule stays near its highest rate for nearly the whole training.
#
# One would guess: sched="poly" lowers the learning rate by the polynomial that other libraries have by default, of
# power 1 (a straight line) or 0.9, so that half the rate is left at half the training.
#
# What happens: create_scheduler_v2, and so --sched poly of timm's training script, takes the power from decay_rate,
# which is 0.1 by default, for the steps of other schedules. At half the training 93 % of the rate is left, at nine
# tenths 79 %; then it falls to nothing. PolyLRScheduler by itself has a power of 0.5.
#
# Source: timm/scheduler/scheduler_factory.py, create_scheduler_v2; timm/scheduler/poly_lr.py.
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.14.1 torchvision==0.29.1 timm==1.0.31 numpy==2.4.6 || exit 2
"$dir/env/bin/python" -W ignore - <<'PROBE'
import sys

import torch
from timm.scheduler import create_scheduler_v2
from timm.scheduler.poly_lr import PolyLRScheduler


def rates(make):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.)
    scheduler, found = make(optimizer), []
    for epoch in (25, 50, 90, 99):
        scheduler.step(epoch)
        found.append(round(optimizer.param_groups[0]["lr"], 2))
    return found


made = rates(lambda optimizer: create_scheduler_v2(optimizer, sched="poly", num_epochs=100, min_lr=0.)[0])
itself = rates(lambda optimizer: PolyLRScheduler(optimizer, t_initial=100, lr_min=0.))
print("shares of the rate after 25, 50, 90 and 99 of 100 epochs: by create_scheduler_v2", made, "by the class", itself)
sys.exit(not (made == [0.97, 0.93, 0.79, 0.63] and itself == [0.87, 0.71, 0.32, 0.1]))
PROBE
