#!/usr/bin/env bash
# timm 1.0.31: the plateau scheduler cuts the learning rate while the loss falls.
#
# One would guess: create_scheduler_v2("plateau") follows a loss, like torch's ReduceLROnPlateau, which it wraps and
# whose default mode is "min".
#
# What happens: the default is plateau_mode="max". A validation loss that falls in every epoch counts as no
# improvement, so the rate is divided by ten every few epochs and training stops early, at a plausible loss.
#
# Source: timm/scheduler/scheduler_factory.py, create_scheduler_v2(plateau_mode="max").
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.13.0 torchvision==0.28.0 timm==1.0.31 || exit 2
"$dir/env/bin/python" -W ignore - <<'PROBE'
import torch

try:
    import torchvision
except RuntimeError:  # a CPU build of torch lacks the operators that torchvision's wheel expects; none is used here
    for name in "nms", "qnms":
        torch.library.define(f"torchvision::{name}", "(Tensor boxes, Tensor scores, float threshold) -> Tensor")
import sys

from timm.scheduler import create_scheduler_v2


def last_rate(scheduler_of):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    step = scheduler_of(optimizer)
    for epoch in range(30):
        step(epoch + 1, 1 / (epoch + 1))  # a loss that falls in every epoch
    return optimizer.param_groups[0]["lr"]


def timms(optimizer):
    return create_scheduler_v2(optimizer, "plateau", num_epochs=30, patience_epochs=3)[0].step


def torchs(optimizer):
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=3)
    return lambda epoch, loss: scheduler.step(loss)


timm_rate, torch_rate = last_rate(timms), last_rate(torchs)
print(f"the loss falls for 30 epochs; rate at the end: timm {timm_rate:.0e}, torch {torch_rate:.0e}")
sys.exit(not (timm_rate < 1e-5 and torch_rate == 1.0))
PROBE
