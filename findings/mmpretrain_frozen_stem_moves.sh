#!/usr/bin/env bash
# MMPretrain 1.2.0: the frozen stem of MobileNetV2 and ShuffleNet goes on changing.
#
# One would guess: with frozen_stages the frozen part of a backbone gives the same features for the same picture however
# long one trains; ResNet's does.
#
# What happens: of MobileNetV2, ShuffleNetV1 and ShuffleNetV2 the stem's parameters are frozen, and the stages after it
# are in evaluation mode, but the stem's batch norm stays in training mode: it normalises by the batch, and its running
# statistics move with each, under weights that were learned with others.
#
# Source: mmpretrain/models/backbones/mobilenet_v2.py, shufflenet_v1.py and shufflenet_v2.py, _freeze_stages, which sets
# requires_grad of conv1 alone.
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.14.1 torchvision==0.29.1 mmpretrain==1.2.0 mmengine==0.10.7 \
    mmcv-lite==2.2.0 numpy==2.4.6 || exit 2
"$dir/env/bin/python" -W ignore - > "$dir/out" 2>&1 <<'PROBE' || { rc=$?; cat "$dir/out" >&2; exit $rc; }
import sys

import torch
from mmpretrain.models import backbones

moved = {}
for name, arguments in {"ResNet": {"depth": 18}, "MobileNetV2": {}, "ShuffleNetV1": {}, "ShuffleNetV2": {}}.items():
    torch.manual_seed(0)
    backbone = getattr(backbones, name)(frozen_stages=1, **arguments)
    backbone.train()
    frozen = {key for key, parameter in backbone.named_parameters() if not parameter.requires_grad}
    norms = {key: module.running_mean.clone() for key, module in backbone.named_modules()
             if isinstance(module, torch.nn.BatchNorm2d) and f"{key}.weight" in frozen}
    backbone(torch.randn(4, 3, 64, 64) + 1)
    modules = dict(backbone.named_modules())
    moved[name] = [key for key, mean in norms.items() if not torch.equal(mean, modules[key].running_mean)]
    print(f"seen: {name}, frozen batch norms {len(norms)}, of which moved by a step {moved[name]}")
sys.exit(moved != {"ResNet": [], **dict.fromkeys(("MobileNetV2", "ShuffleNetV1", "ShuffleNetV2"), ["conv1.bn"])})
PROBE
grep -o "seen: .*" "$dir/out"
