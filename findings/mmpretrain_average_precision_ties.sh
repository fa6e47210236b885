#!/usr/bin/env bash
# MMPretrain 1.2.0: a model that answers the same for every picture has an average precision of 100 % or 22 %,
# depending on the order of the pictures.
#
# One would guess: pictures with equal scores are one step of the curve, so a constant answer has the share of
# positives, 30 %, in any order (as in scikit-learn).
#
# What happens: ties are broken by the order of the data. With a file list sorted by class, positives first, equal
# scores (saturated sigmoids, quantised networks, a dead class) count as perfect.
#
# Source: mmpretrain/evaluation/metrics/multi_label.py, _average_precision: argsort, then one precision a picture.
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.14.1 torchvision==0.29.1 numpy==2.4.6 mmengine==0.10.7 \
    mmcv-lite==2.2.0 mmpretrain==1.2.0 einops==0.8.2 mat4py==0.6.0 modelindex==0.0.2 'setuptools<82' \
    scikit-learn==1.9.1 || exit 2
"$dir/env/bin/python" -W ignore - <<'PROBE'
import sys

import torch
from mmpretrain.evaluation import AveragePrecision
from sklearn.metrics import average_precision_score

scores = torch.full((10, 1), 0.5)
figures = []
for order, positives in ("positives first", [1] * 3 + [0] * 7), ("positives last", [0] * 7 + [1] * 3):
    labels = torch.tensor(positives)[:, None]
    figures.append(AveragePrecision.calculate(scores, labels).item())
    figures.append(100 * average_precision_score(labels.numpy(), scores.numpy()))
    print(f"{order}: MMPretrain {figures[-2]:.1f}, scikit-learn {figures[-1]:.1f}")
sys.exit([round(figure, 1) for figure in figures] != [100.0, 30.0, 21.6, 30.0])
PROBE
