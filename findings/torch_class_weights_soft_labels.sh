#!/usr/bin/env bash
# PyTorch 2.13.0: class weights mean another loss when labels are given as probabilities.
#
# One would guess: cross_entropy(x, y, weight=w) and cross_entropy(x, one_hot(y), weight=w) are the same number.
#
# What happens: with class indices the mean is divided by the sum of the weights of the labels that occur, with
# probabilities by the number of samples. So whoever goes from majority labels to votes (FERPlus), mixup or smoothed
# one-hot targets, and keeps the class weights, changes the scale of the loss (and so of the gradient) by the mean
# weight: five times here. It also differs from batch to batch.
#
# Source: the two formulas for reduction "mean" in the docstring of torch.nn.CrossEntropyLoss;
# ATen/native/LossNLL.cpp, cross_entropy_loss_prob_target. mmpretrain 1.2.0's CrossEntropyLoss divides by the number
# of samples in both cases.
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.13.0 || exit 2
"$dir/env/bin/python" -W ignore - <<'PROBE'
import sys

import torch
from torch.nn.functional import cross_entropy, one_hot

generator = torch.Generator().manual_seed(0)
logits = torch.randn(64, 7, generator=generator)
labels = torch.randint(0, 7, (64,), generator=generator)
weights = torch.tensor([2.0, 20.0, 2.0, 1.0, 2.0, 5.0, 3.0])

hard = cross_entropy(logits, labels, weight=weights).item()
soft = cross_entropy(logits, one_hot(labels, 7).float(), weight=weights).item()
mean_weight = weights[labels].mean().item()
print(f"class indices {hard:.4f}, the same labels as one-hot {soft:.4f}, ratio {soft / hard:.4f}")
print(f"mean weight of this batch {mean_weight:.4f}")
sys.exit(not (abs(soft / hard - mean_weight) < 1e-3 and mean_weight > 1.5))
PROBE
