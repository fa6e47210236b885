#!/usr/bin/env bash
# MMEngine 0.10.7: ExponentialLR with convert_to_iter_based decays in each iteration by what it did in each epoch.
#
# One would guess: convert_to_iter_based draws the schedule of the epochs finer, so that the rate at the start of each
# epoch stays what it was; it does so for StepLR, MultiStepLR and CosineAnnealingLR.
#
# What happens: only begin and end are converted, gamma is not. With gamma=0.9 and a hundred iterations in an epoch the
# rate is 0.00003 of the first after one epoch. Nothing is said.
#
# Source: mmengine/optim/scheduler/param_scheduler.py, ExponentialParamScheduler.build_iter_from_epoch.
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
from mmengine.optim import ExponentialLR, StepLR

rates = {}
for scheduler, arguments in (StepLR, {"step_size": 1, "gamma": 0.9}), (ExponentialLR, {"gamma": 0.9}):
    for converted in False, True:
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.)
        if converted:
            schedule = scheduler.build_iter_from_epoch(optimizer, by_epoch=True, epoch_length=100, **arguments)
        else:
            schedule = scheduler(optimizer, by_epoch=True, **arguments)
        for _ in range(2 * (100 if converted else 1)):
            schedule.step()
        rates[scheduler.__name__, converted] = optimizer.param_groups[0]["lr"]
for (name, converted), rate in rates.items():
    print(f"{name}, rate after two epochs{' with convert_to_iter_based' if converted else ''}: {rate:.3g}")
plain, fine, epochs, iterations = rates.values()
sys.exit(not (abs(plain - fine) < 1e-9 and abs(epochs - 0.81) < 1e-9 and iterations < 1e-6))
PROBE
