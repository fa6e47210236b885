#!/usr/bin/env bash
# MMPretrain 1.2.0 with timm 1.0.31: a MobileNetV3 of timm in MMPretrain gives other features than in timm.
#
# One would guess: TIMMBackbone with GlobalAveragePooling, as MMPretrain's configs have it, gives what timm hands to its
# classifier, so that a classifier trained in timm goes on to work.
#
# What happens: the backbone switches off timm's pooling, and the neck pools at the end. Where timm has layers between
# the pooling and the classifier, they now run before it, on every place of the map: with the hard swish of MobileNetV3
# and GhostNet or the norm of ConvNeXt, the mean of the results is not the result of the mean. The weights load without
# a missing or unexpected key; the features are 5 to 20 % off here. Networks with nothing in between, such as ResNet and
# EfficientNet, are the same.
#
# Source: mmpretrain/models/backbones/timm_backbone.py, TIMMBackbone, reset_classifier(0, "").
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.14.1 torchvision==0.29.1 timm==1.0.31 mmpretrain==1.2.0 \
    mmengine==0.10.7 mmcv-lite==2.2.0 numpy==2.4.6 || exit 2
"$dir/env/bin/python" -W ignore - > "$dir/out" 2>&1 <<'PROBE' || { rc=$?; cat "$dir/out" >&2; exit $rc; }
import sys

import timm
import torch
from mmpretrain.models import GlobalAveragePooling, TIMMBackbone

found = {}
for name in ("resnet18", "efficientnet_b0", "mobilenetv3_small_050", "mobilenetv4_conv_small", "ghostnet_100",
             "convnext_atto"):
    torch.manual_seed(0)
    within = TIMMBackbone(model_name=name)
    within.eval()
    for module in within.modules():
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(module.weight)
    alone = timm.create_model(name, num_classes=7).eval()
    keys = alone.load_state_dict(within.timm_model.state_dict(), strict=False)
    if keys.unexpected_keys or set(keys.missing_keys) != {f"{alone.default_cfg['classifier']}.{part}"
                                                          for part in ("weight", "bias")}:
        raise SystemExit(f"{name}: {keys}")
    pictures = torch.rand(2, 3, 96, 96)
    with torch.no_grad():
        pooled, = GlobalAveragePooling()(within(pictures))
        features = alone.forward_head(alone.forward_features(pictures), pre_logits=True)
    found[name] = ((pooled - features).norm() / features.norm()).item()
    print(f"features of {name}: off by {100 * found[name]:.1f} %")
off = list(found.values())
sys.exit(not (max(off[:2]) < 1e-4 and min(off[2:]) > 0.02))
PROBE
grep "^features" "$dir/out"
