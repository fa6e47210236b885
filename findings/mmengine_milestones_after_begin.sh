#!/usr/bin/env bash
# MMEngine 0.10.7: MultiStepLR's milestones count from begin, not from the start of training.
#
# One would guess: MultiStepLR(begin=5, milestones=[10]), after a warm-up of five epochs, lowers the rate in epoch 10:
# the milestones are "list of epoch indices".
#
# What happens: it does so in epoch 15. Putting begin=5 behind a warm-up moves every milestone by five epochs, and the
# last may never come. begin=0 beside the same warm-up does not.
#
# Source: mmengine/optim/scheduler/param_scheduler.py, _ParamScheduler.step counts last_step only between begin and
# end; MultiStepParamScheduler._get_value looks last_step up in milestones.
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.13.0 mmengine==0.10.7 || exit 2
"$dir/env/bin/python" -W ignore - <<'PROBE'
import sys

import torch
from mmengine.optim import LinearLR, MultiStepLR


def first_epoch_lowered(begin):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    schedulers = [LinearLR(optimizer, start_factor=0.5, begin=0, end=5),
                  MultiStepLR(optimizer, milestones=[10], gamma=0.1, begin=begin)]
    rates = []
    for _ in range(20):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        for scheduler in schedulers:
            scheduler.step()
    return next(epoch for epoch, rate in enumerate(rates) if rate < 0.2)


from_start, after_warmup = first_epoch_lowered(0), first_epoch_lowered(5)
print(f"milestones=[10]: lowered in epoch {from_start} with begin=0, in epoch {after_warmup} with begin=5")
sys.exit((from_start, after_warmup) != (10, 15))
PROBE
