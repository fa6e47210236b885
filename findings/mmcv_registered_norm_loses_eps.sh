#!/usr/bin/env bash
# mmcv 2.2.0: a registered norm loses its own eps: build_norm_layer gives all norms 1e-5.
#
# One would guess: norm_cfg=dict(type="LayerNorm2d") builds timm's class as it is built without mmcv, with its defaults.
#
# What happens: eps=1e-5 is passed wherever the config has none. timm's LayerNorm2d, whose default is 1e-6, and a batch
# norm registered with TensorFlow's 1e-3 compute something else than where they were trained; weights load without
# a word, since eps is in no state dict. Momentum and the rest stay those of the class.
#
# Source: mmcv/cnn/bricks/norm.py, build_norm_layer, cfg_.setdefault("eps", 1e-5).
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.14.1 torchvision==0.29.1 timm==1.0.31 mmengine==0.10.7 \
    mmcv-lite==2.2.0 numpy==2.4.6 || exit 2
"$dir/env/bin/python" -W ignore - 2> "$dir/log" <<'PROBE' || { rc=$?; cat "$dir/log" >&2; exit $rc; }
import sys

from mmcv.cnn import build_norm_layer
from mmengine.registry import MODELS
from timm.layers import LayerNorm2d
from torch import nn


class KerasBatchNorm(nn.BatchNorm2d):
    def __init__(self, num_features, eps=1e-3, momentum=0.01):
        super().__init__(num_features, eps, momentum)


found = []
for norm in LayerNorm2d, KerasBatchNorm:
    MODELS.register_module(module=norm)
    plain, built = norm(8), build_norm_layer(dict(type=norm.__name__), 8)[1]
    found.append((plain.eps, built.eps))
    print(f"{norm.__name__}: eps {plain.eps} by itself, {built.eps} by build_norm_layer")
print(f"momentum of the batch norm: {plain.momentum} by itself, {built.momentum} by build_norm_layer")
sys.exit(found != [(1e-6, 1e-5), (1e-3, 1e-5)] or built.momentum != 0.01)
PROBE
