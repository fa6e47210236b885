#!/usr/bin/env bash
# MMPretrain 1.2.0: CrossEntropyLoss(class_weight=...) is not PyTorch's weighted mean.
#
# One would guess: class_weight is the weight of F.cross_entropy, and the loss its weighted mean, which does not change
# if all weights are doubled.
#
# What happens: the weighted losses are divided by the number of pictures, not by the sum of their weights. Doubled
# weights double the loss and the gradient; weights such as 1 / frequency, right for PyTorch, multiply the learning rate
# by the number of classes or more; and a rare class's weight raises the step of just those batches that hold it.
#
# Source: mmpretrain/models/losses/cross_entropy_loss.py, cross_entropy, with reduction='none' and then
# weight_reduce_loss of mmpretrain/models/losses/utils.py.
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.14.1 torchvision==0.29.1 mmpretrain==1.2.0 mmengine==0.10.7 \
    mmcv-lite==2.2.0 numpy==2.4.6 || exit 2
"$dir/env/bin/python" -W ignore - <<'PROBE'
import sys

import torch
import torch.nn.functional as F
from mmpretrain.models import CrossEntropyLoss

torch.manual_seed(0)
labels = torch.tensor([0] * 90 + [1] * 9 + [2])
scores = torch.randn(100, 3)
weights = 1 / labels.bincount().div(100)  # 1 / frequency: 1.1, 11 and 100
found = {}
for factor in 1, 2:
    given = (factor * weights).tolist()
    found[factor] = (CrossEntropyLoss(class_weight=given)(scores, labels).item(),
                     F.cross_entropy(scores, labels, weight=torch.tensor(given)).item())
    print(f"weights {[round(each, 1) for each in given]}: loss by MMPretrain {found[factor][0]:.3f}, "
          f"by PyTorch {found[factor][1]:.3f}")
sys.exit(not (abs(found[2][1] - found[1][1]) < 1e-4 and abs(found[2][0] - 2 * found[1][0]) < 1e-3
              and found[1][0] > 2.9 * found[1][1]))
PROBE
