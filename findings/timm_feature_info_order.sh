#!/usr/bin/env bash
# timm 1.0.31: features_only with out_indices in another order: the maps and feature_info disagree.
#
# One would guess: out_indices=(3, 1) gives map 3, then map 1, as feature_info says.
#
# What happens: the maps come by depth (1, 3), while feature_info.channels() and reduction() keep the order asked for
# (3, 1). A decoder built from feature_info gets each map under another's stride. Where channels agree (as in plain
# ViTs, ConvMixer) nothing fails.
#
# Source: timm/models/_features.py, FeatureDictNet._collect walks the modules in order; FeatureInfo.get_dicts walks
# out_indices.
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.14.1 torchvision==0.29.1 timm==1.0.31 || exit 2
"$dir/env/bin/python" -W ignore - <<'PROBE'
import sys

import timm
import torch

model = timm.create_model("resnet18", features_only=True, out_indices=(3, 1)).eval()
maps = model(torch.rand(1, 3, 64, 64))
channels = [feature.shape[1] for feature in maps]
strides = [64 // feature.shape[2] for feature in maps]
print("the maps' channels", channels, "and strides", strides)
print("feature_info says ", model.feature_info.channels(), "           ", model.feature_info.reduction())
said = model.feature_info.channels(), model.feature_info.reduction()
sys.exit(not (channels == said[0][::-1] and strides == said[1][::-1] and channels != said[0]))
PROBE
