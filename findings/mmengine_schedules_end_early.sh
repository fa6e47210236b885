#!/usr/bin/env bash
# MMEngine 0.10.7: ConstantLR, LinearLR and PolyLR by epochs end one epoch before end.
#
# One would guess: as torch's schedulers of these names with total_iters=4, end=4 spans four epochs, and the fifth is
# the first that has the last rate. CosineAnnealingLR with T_max=4 does.
#
# What happens: end is a number of rates, not of epochs, and the last rate counts: three epochs have it behind them. A
# training of N epochs by PolyLR(end=N) with eta_min's default of 0 spends its last epoch at a rate of 0, and learns
# nothing in it. With convert_to_iter_based the same is off by one iteration instead.
#
# Source: mmengine/optim/scheduler/param_scheduler.py, total_iters = end - begin - 1 in ConstantParamScheduler,
# LinearParamScheduler and PolyParamScheduler.
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.14.1 torchvision==0.29.1 mmengine==0.10.7 numpy==2.4.6 || exit 2
"$dir/env/bin/python" -W ignore - 2> "$dir/log" <<'PROBE' || { rc=$?; cat "$dir/log" >&2; exit $rc; }
import sys

import torch
from mmengine.optim import ConstantLR, CosineAnnealingLR, LinearLR, PolyLR
from torch.optim import lr_scheduler


def rates(scheduler, **arguments):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.)
    schedule, found = scheduler(optimizer, **arguments), []
    for _ in range(5):
        found.append(round(optimizer.param_groups[0]["lr"], 3))
        optimizer.step()
        schedule.step()
    return found


pairs = {
    "ConstantLR": ((ConstantLR, {"factor": 0.1, "end": 4}),
                   (lr_scheduler.ConstantLR, {"factor": 0.1, "total_iters": 4})),
    "LinearLR": ((LinearLR, {"start_factor": 0.1, "end": 4}),
                 (lr_scheduler.LinearLR, {"start_factor": 0.1, "total_iters": 4})),
    "PolyLR": ((PolyLR, {"end": 4}), (lr_scheduler.PolynomialLR, {"total_iters": 4})),
    "CosineAnnealingLR": ((CosineAnnealingLR, {"T_max": 4}), (lr_scheduler.CosineAnnealingLR, {"T_max": 4}))}
early = []
for name, ((ours, one), (theirs, other)) in pairs.items():
    mine, yours = rates(ours, **one), rates(theirs, **other)
    print(f"{name}, rates of the first five epochs: MMEngine {mine}, torch {yours}")
    early.append(mine[3] == yours[4] != yours[3])
sys.exit(early != [True, True, True, False])
PROBE
