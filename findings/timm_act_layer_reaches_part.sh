#!/usr/bin/env bash
# timm 1.0.31: act_layer and norm_layer reach all, part, or none of a network's layers.
#
# One would guess: create_model(name, act_layer="mish") exchanges all activations of a CNN, norm_layer all its norms,
# and networks that cannot do so refuse the argument.
#
# What happens: ResNet does it. DPN hands neither to its blocks, so that dpn48b, registered with SiLU, has ReLU in all
# but two places. MixNet and MobileNetV3 name activations in most of their stages' definitions, and those stay. FastViT
# uses its norm_layer before attention alone, which fastvit_s12 has nowhere.
#
# Source: timm/models/dpn.py, CatBnAct and BnActConv2d in DualPathBlock; _efficientnet_builder.py, the key "n" of block
# strings; fastvit.py, norm_layer.
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.14.1 torchvision==0.29.1 timm==1.0.31 numpy==2.4.6 || exit 2
"$dir/env/bin/python" -W ignore - <<'PROBE'
import sys

import timm
from torch import nn

ACTIVATIONS = "ReLU", "SiLU", "Mish", "Hardswish"


class MarkedNorm(nn.BatchNorm2d):
    pass


reached = {}
for name in "resnet18", "dpn68", "mixnet_s", "mobilenetv3_small_050":
    kinds = [type(module).__name__ for module in timm.create_model(name, act_layer="mish").modules()]
    reached[name, "act_layer"] = kinds.count("Mish"), sum(kind in ACTIVATIONS for kind in kinds)
kinds = [type(module).__name__ for module in timm.create_model("dpn48b").modules()]
reached["dpn48b", "its own act_layer"] = kinds.count("SiLU"), sum(kind in ACTIVATIONS for kind in kinds)
for name in "resnet18", "fastvit_s12":
    norms = [module for module in timm.create_model(name, norm_layer=MarkedNorm).modules()
             if isinstance(module, nn.BatchNorm2d)]
    reached[name, "norm_layer"] = sum(isinstance(norm, MarkedNorm) for norm in norms), len(norms)
for (name, option), (some, every) in reached.items():
    print(f"{option} of {name} reaches {some} of {every}")
sys.exit(reached != {
    ("resnet18", "act_layer"): (17, 17), ("dpn68", "act_layer"): (2, 72), ("mixnet_s", "act_layer"): (7, 46),
    ("mobilenetv3_small_050", "act_layer"): (19, 33), ("dpn48b", "its own act_layer"): (2, 54),
    ("resnet18", "norm_layer"): (20, 20), ("fastvit_s12", "norm_layer"): (0, 80)})
PROBE
