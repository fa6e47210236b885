#!/usr/bin/env bash
# MMEngine 0.10.7: save_best="top1_error" keeps the worst checkpoint.
#
# One would guess: for a metric that MMEngine does not know, it asks for the rule; an error is not taken for an
# accuracy.
#
# What happens: the rule is guessed from parts of the name, "greater" first: "top", "acc", "auc", "map" anywhere in
# it. So top1_error, map_error, expected_calibration_error_top1 and accuracy_loss are all to be as great as possible.
# The file best_... is the worst epoch, and a test of it gives a plausible figure.
#
# Source: mmengine/hooks/checkpoint_hook.py, CheckpointHook._init_rule, rule 3 ("is a substring"); EarlyStoppingHook
# in early_stopping_hook.py has the same. `rule="less"` avoids it.
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.13.0 mmengine==0.10.7 || exit 2
"$dir/env/bin/python" -W ignore - <<'PROBE'
import sys

from mmengine.hooks import CheckpointHook, EarlyStoppingHook

guessed = {name: CheckpointHook(save_best=name).rules[0] for name in ("top1_error", "accuracy_loss", "map_error")}
print("CheckpointHook:   ", guessed)
better = CheckpointHook(save_best="top1_error").is_better_than["top1_error"]
print("is an error of 0.9 better than one of 0.1?", better(0.9, 0.1))
stopping = EarlyStoppingHook(monitor="top1_error").rule
print("EarlyStoppingHook:", stopping)
try:
    CheckpointHook(save_best="error")
except ValueError as error:
    print("while for 'error':", error)
sys.exit(not (set(guessed.values()) == {"greater"} and better(0.9, 0.1) and stopping == "greater"))
PROBE
