#!/usr/bin/env bash
# MMEngine 0.10.7: EarlyStoppingHook stops a training that gets better at every validation.
#
# One would guess: with the defaults, five validations in a row without an improvement end the training; by the
# docstring, one of 0.01 or more counts.
#
# What happens: min_delta is 0.1 by default. A metric between 0 and 1, as mAP and most losses are, improves by a tenth
# at once early in a training only: accuracies of 0.500, 0.515, 0.530 and so on end it at the sixth validation, while
# the same ones in percent go on.
#
# Source: mmengine/hooks/early_stopping_hook.py, EarlyStoppingHook.
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.14.1 torchvision==0.29.1 mmengine==0.10.7 numpy==2.4.6 || exit 2
"$dir/env/bin/python" -W ignore - <<'PROBE'
import logging
import sys
from types import SimpleNamespace

from mmengine.hooks import EarlyStoppingHook


def validations(scores):
    """How many of them a training lives to see."""
    runner = SimpleNamespace(train_loop=SimpleNamespace(stop_training=False), logger=logging.getLogger("run"))
    hook = EarlyStoppingHook(monitor="accuracy")
    hook.before_run(runner)
    for seen, score in enumerate(scores, 1):
        hook.after_val_epoch(runner, {"accuracy": score})
        if runner.train_loop.stop_training:
            break
    return seen


shares = [0.5 + 0.015 * i for i in range(20)]
found = validations(shares), validations([100 * share for share in shares])
print("0.500, 0.515, 0.530, ...: stopped after validation", found[0])
print("50, 51.5, 53, ...: seen to the last validation,", found[1])
documented = "Defaults to 0.01." in " ".join(EarlyStoppingHook.__doc__.split())
print("the docstring says 0.01:", documented)
sys.exit(not (found == (6, 20) and documented))
PROBE
