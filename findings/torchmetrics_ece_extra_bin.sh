#!/usr/bin/env bash
# torchmetrics 1.9.0: the expected calibration error with n_bins bins has n_bins + 1 of them.
#
# One would guess: with n_bins=1 the error is |mean confidence - accuracy|, and a confidence of exactly 1 falls into
# the last bin.
#
# What happens: confidences of exactly 1 get a bin of their own, behind the last. A network whose softmax saturates in
# float32 has many. What would cancel within the last bin adds up: 0.0 becomes 0.2 here.
#
# Source: torchmetrics/functional/classification/calibration_error.py, _binning_bucketize: torch.bucketize(...,
# right=True) - 1 puts 1.0 at index n_bins, and the bins are as many as the boundaries.
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
from torchmetrics.classification import BinaryCalibrationError, MulticlassCalibrationError

# Two classes. Ten faces at confidence 0.8, all right; ten at 1.0, of which eight are right.
confidence = torch.tensor([0.8] * 10 + [1.0] * 10)
scores = torch.stack([confidence, 1 - confidence], 1)
labels = torch.tensor([0] * 10 + [0] * 8 + [1] * 2)

by_hand = abs(confidence.mean() - (labels == 0).float().mean()).item()
measured = MulticlassCalibrationError(num_classes=2, n_bins=1)(scores, labels).item()
just_below = MulticlassCalibrationError(num_classes=2, n_bins=1)(scores.clamp(max=1 - 1e-6), labels).item()
print(f"one bin, by hand {by_hand:.3f}, torchmetrics {measured:.3f}, with 0.999999 in place of 1 {just_below:.3f}")
sys.exit(not (by_hand < 1e-3 and abs(measured - 0.2) < 1e-3 and just_below < 1e-3))
PROBE
