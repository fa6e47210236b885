#!/usr/bin/env bash
# MMPretrain 1.2.0: a class that the test set does not hold counts as precision, recall and F1 of 0.
#
# One would guess: the macro average is over the classes that occur in the labels or the answers, as in scikit-learn
# and torchmetrics.
#
# What happens: it is over all num_classes. A perfect model that is tested on pictures of two of four expressions (a
# subset, a fold by person, a video) has a macro F1 of 50. MultiLabelMetric and AveragePrecision do the same.
#
# Source: mmpretrain/evaluation/metrics/single_label.py, _precision_recall_f1_support: clamp(min=1), then mean(0) over
# all classes.
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
from mmpretrain.evaluation import AveragePrecision, SingleLabelMetric
from sklearn.metrics import f1_score

labels = torch.tensor([0, 0, 1, 1])
answers = torch.eye(4)[labels]  # all right; classes 2 and 3 occur nowhere
precision, recall, f1, _ = (figure.item() for figure in SingleLabelMetric.calculate(labels, labels, num_classes=4))
mean_precision = AveragePrecision.calculate(answers, answers).item()
sklearns = 100 * f1_score(labels, labels, average="macro")
print(f"SingleLabelMetric: precision {precision}, recall {recall}, F1 {f1}; scikit-learn's F1 {sklearns}")
print(f"AveragePrecision: {mean_precision}")
sys.exit((precision, recall, f1, mean_precision, sklearns) != (50, 50, 50, 50, 100))
PROBE
