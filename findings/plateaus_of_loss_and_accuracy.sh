#!/usr/bin/env bash
# timm 1.0.31 and MMEngine 0.10.7: a schedule by plateaus watches for a maximum in one, for a minimum in the other.
#
# One would guess: as torch's ReduceLROnPlateau, timm's takes a loss unless told otherwise; and MMEngine, whose
# CheckpointHook and EarlyStoppingHook tell from a metric's name whether more is better, does so here too.
#
# What happens: timm's create_scheduler_v2(sched="plateau") lowers the rate while the loss that it is given falls, since
# its plateau_mode is "max". MMEngine's ReduceOnPlateauLR(monitor="accuracy/top1") lowers it while the accuracy rises,
# since its rule is "less" whatever the name. Both do so from the first epochs on and in silence.
#
# Source: timm/scheduler/scheduler_factory.py, create_scheduler_v2; mmengine/optim/scheduler/param_scheduler.py,
# ReduceOnPlateauParamScheduler; mmengine/hooks/checkpoint_hook.py, _init_rule.
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

import torch
from mmengine.optim import ReduceOnPlateauLR
from timm.scheduler import create_scheduler_v2
from torch.optim.lr_scheduler import ReduceLROnPlateau

losses = [2 - .1 * i for i in range(10)]
accuracies = [50. + i for i in range(10)]
rates = {}


def optimizer():
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.)


steps = optimizer()
plain = ReduceLROnPlateau(steps, patience=2)
for loss in losses:
    plain.step(loss)
rates["torch, a loss that falls"] = steps.param_groups[0]["lr"]

steps = optimizer()
scheduler, _ = create_scheduler_v2(steps, sched="plateau", num_epochs=10, warmup_epochs=0, patience_epochs=2)
for epoch, loss in enumerate(losses, 1):
    scheduler.step(epoch, metric=loss)
rates["timm, a loss that falls"] = steps.param_groups[0]["lr"]

steps = optimizer()
by_name = ReduceOnPlateauLR(steps, monitor="accuracy/top1", patience=2)
for accuracy in accuracies:
    by_name.step({"accuracy/top1": accuracy})
rates["MMEngine, an accuracy that rises"] = steps.param_groups[0]["lr"]

for name, rate in rates.items():
    print(f"rate after ten epochs, from 1: {rate:.3g} ({name})")
first, *others = rates.values()
sys.exit(first != 1 or any(rate > 0.11 for rate in others))
PROBE
