#!/usr/bin/env bash
# PyTorch 2.14.1, timm 1.0.31: converting a timm model to SyncBatchNorm removes its activations without a word.
#
# One would guess: torch.nn.SyncBatchNorm.convert_sync_batchnorm changes which processes share their statistics; in
# eval mode, on one device, the logits stay the same.
#
# What happens: timm's BatchNormAct2d, a norm with its activation, is a BatchNorm2d by inheritance and becomes a bare
# SyncBatchNorm. act and drop hang on it and are never called; the state dict has the same names, so checkpoints load
# without complaint. MMEngine's convert_sync_batchnorm, which sync_bn="torch" in a config calls in distributed runs,
# does the same.
#
# Source: torch/nn/modules/batchnorm.py, SyncBatchNorm.convert_sync_batchnorm; mmengine/model/utils.py,
# convert_sync_batchnorm; timm/layers/norm_act.py, BatchNormAct2d. timm.layers.convert_sync_batchnorm keeps both.
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.14.1 torchvision==0.29.1 timm==1.0.31 mmengine==0.10.7 \
    numpy==2.4.6 || exit 2
"$dir/env/bin/python" -W ignore - <<'PROBE'
import copy
import sys

import mmengine.model
import timm
import torch

torch.manual_seed(0)
model = timm.create_model("test_efficientnet", num_classes=7).eval()
images = torch.randn(4, 3, 64, 64)


@torch.no_grad()
def change(convert):
    converted = convert(copy.deepcopy(model)).eval()
    converted.load_state_dict(model.state_dict())
    before, after = model(images), converted(images)
    return ((after - before).norm() / before.norm()).item()


torchs = change(torch.nn.SyncBatchNorm.convert_sync_batchnorm)
mmengines = change(mmengine.model.convert_sync_batchnorm)
timms = change(timm.layers.convert_sync_batchnorm)
print("change of the logits, as a share of their norm, in eval mode:")
print(f"converted by torch: {torchs:.3g}, by MMEngine: {mmengines:.3g}, by timm: {timms:.3g}")
sys.exit(not (torchs > 0.5 and mmengines > 0.5 and timms < 1e-5))
PROBE
