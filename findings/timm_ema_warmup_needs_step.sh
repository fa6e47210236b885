#!/usr/bin/env bash
# timm 1.0.31: ModelEmaV3(use_warmup=True) does not warm up.
#
# One would guess: with use_warmup=True, update(model) begins with a small decay and counts its calls.
#
# What happens: without the second argument, update(model, step=...), both the warm-up and update_after_step are
# skipped without a word, and the full decay holds from the first call. With decay 0.9999 the average of a run of
# 1,000 steps is still nine tenths the random weights that it began with.
#
# Source: timm/utils/model_ema.py, ModelEmaV3.get_decay: `if step is None: return self.decay`.
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.14.1 torchvision==0.29.1 timm==1.0.31 || exit 2
"$dir/env/bin/python" -W ignore - <<'PROBE'
import sys

import timm.utils
from torch import nn


def average(pass_step):
    model = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(model.weight)  # the first weights
    ema = timm.utils.ModelEmaV3(model, decay=0.9999, use_warmup=True)
    nn.init.ones_(model.weight)  # the trained ones
    for step in range(1000):
        ema.update(model, step=step if pass_step else None)
    return ema.module.weight.item()


with_step, without = average(True), average(False)
print(f"trained weight 1; average after 1,000 updates: {with_step:.3f} with step=, {without:.3f} without")
sys.exit(not (with_step > 0.99 and without < 0.15))
PROBE
