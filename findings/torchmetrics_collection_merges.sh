#!/usr/bin/env bash
# torchmetrics 1.9.0: a MetricCollection reports one metric's figure under another's name.
#
# One would guess: each metric of a collection counts for itself; two thresholds give two accuracies.
#
# What happens: after the first batch, metrics whose states are equal by chance are merged for good. Two thresholds
# that agree on an easy first batch share one state from then on: both report 0.2, where the lower threshold alone
# reports 1.0.
#
# Source: torchmetrics/collections.py, MetricCollection._merge_compute_groups and _equal_metric_states, which compare
# the states' values and not the metrics' arguments. `compute_groups=False` avoids it. Its issues 2596 and 2916 tell
# of other metrics.
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.13.0 torchmetrics==1.9.0 || exit 2
"$dir/env/bin/python" -W ignore - <<'PROBE'
import sys

import torch
from torchmetrics import MetricCollection
from torchmetrics.classification import BinaryAccuracy

batches = [  # every batch is right at threshold 0.3; the second one is wrong at 0.7
    (torch.tensor([0.1, 0.9]), torch.tensor([0, 1])),
    (torch.full((8,), 0.5), torch.ones(8, dtype=torch.long)),
]


def accuracies(**options):
    collection = MetricCollection({"low": BinaryAccuracy(0.3), "high": BinaryAccuracy(0.7)}, **options)
    for scores, labels in batches:
        collection.update(scores, labels)
    return {name: round(value.item(), 3) for name, value in collection.compute().items()}


together, alone = accuracies(), accuracies(compute_groups=False)
print("as by default:         ", together)
print("compute_groups=False:  ", alone)
sys.exit(not (together == {"low": 0.2, "high": 0.2} and alone == {"low": 1.0, "high": 0.2}))
PROBE
