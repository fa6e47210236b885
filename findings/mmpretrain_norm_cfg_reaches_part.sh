#!/usr/bin/env bash
# MMPretrain 1.2.0: norm_cfg and act_cfg reach all, part, or none of a backbone's layers.
#
# One would guess: norm_cfg and act_cfg, in the docstrings the norm and the activation of the backbone, are those of all
# its layers, as in ResNet; with SyncBN or group norm no plain batch norm is left.
#
# What happens: MobileViT gives both to its first and last convolution alone, TNT its act_cfg and RepLKNet both to none.
# HRNet leaves the batch norms of its first stage as they are, Vig those of its feed-forward parts. No message says so.
#
# Source: the __init__ and _make_layer of mmpretrain/models/backbones/mobilevit.py, tnt.py, replknet.py, hrnet.py and
# vig.py.
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

from mmpretrain.models import backbones
from torch.nn.modules.batchnorm import _BatchNorm

EPS = 0.123  # the mark of norms that were built from norm_cfg
ACTIVATIONS = "ReLU", "Swish", "GELU", "ELU"
reached = {}
for name, given in {
        "ResNet": {"depth": 18}, "MobileViT": {}, "RepLKNet": {"arch": "31B"}, "HRNet": {"arch": "w18"},
        "Vig": {"arch": "tiny"}}.items():
    backbone = getattr(backbones, name)(norm_cfg={"type": "BN", "eps": EPS}, **given)
    norms = [module for module in backbone.modules() if isinstance(module, _BatchNorm)]
    reached[name, "norm_cfg"] = sum(norm.eps == EPS for norm in norms), len(norms)
for name, given in {"MobileViT": {}, "RepLKNet": {"arch": "31B"}, "TNT": {}}.items():
    backbone = getattr(backbones, name)(act_cfg={"type": "ELU"}, **given)
    kinds = [type(module).__name__ for module in backbone.modules() if type(module).__name__ in ACTIVATIONS]
    reached[name, "act_cfg"] = kinds.count("ELU"), len(kinds)
for (name, option), (some, every) in reached.items():
    print(f"seen: {option} of {name} reaches {some} of {every}")
sys.exit(reached != {
    ("ResNet", "norm_cfg"): (20, 20), ("MobileViT", "norm_cfg"): (2, 32), ("RepLKNet", "norm_cfg"): (0, 203),
    ("HRNet", "norm_cfg"): (292, 305), ("Vig", "norm_cfg"): (17, 65), ("MobileViT", "act_cfg"): (2, 34),
    ("RepLKNet", "act_cfg"): (0, 82), ("TNT", "act_cfg"): (0, 24)})
PROBE
grep -o "seen: .*" "$dir/out"
