#!/usr/bin/env bash
# timm 1.0.31: a multistep schedule by epochs steps an epoch before its milestones, by updates at them.
#
# One would guess: decay_milestones=[4, 8] lowers the rate after four and after eight epochs, as torch's MultiStepLR and
# timm's own step schedule with decay_epochs=4 do, whichever way the schedule is stepped.
#
# What happens: by epochs, which is the default, the fourth and the eighth epoch already have the lower rate. With
# step_on_epochs=False the fifth and the ninth are the first.
#
# Source: timm/scheduler/multistep_lr.py, get_curr_decay_steps, which looks for t + 1, and a comment that it stays so.
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


def first_lower(updates, **arguments):
    """The epoch, from 1 on, in which the rate is lower for the first time."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.)
    schedule, epochs = create_scheduler_v2(
        optimizer, num_epochs=12, warmup_epochs=0, step_on_epochs=not updates, updates_per_epoch=10, **arguments)
    for epoch in range(epochs):
        if optimizer.param_groups[0]["lr"] < 1:
            return epoch + 1
        if updates:
            for update in range(10 * epoch, 10 * epoch + 10):
                schedule.step_update(update + 1)
        else:
            schedule.step(epoch + 1)


found = {
    "step, by epochs": first_lower(False, sched="step", decay_epochs=4),
    "step, by updates": first_lower(True, sched="step", decay_epochs=4),
    "multistep, by epochs": first_lower(False, sched="multistep", decay_milestones=[4, 8]),
    "multistep, by updates": first_lower(True, sched="multistep", decay_milestones=[4, 8])}
for name, epoch in found.items():
    print(f"{name}: lower from epoch {epoch} on")
sys.exit(list(found.values()) != [5, 5, 4, 5])
PROBE
