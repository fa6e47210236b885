#!/usr/bin/env bash
# MMPretrain 1.2.0: frozen_stages=1 freezes the stem, the stem and a stage, or nothing.
#
# One would guess: the same number freezes the same part of each backbone, as in ResNet the stem and the first stage, so
# that one can exchange the backbone in a config.
#
# What happens: ResNet counts the stem as 0, EfficientNet and XCiT as 1, so that 1 freezes no stage of these; ConvNeXt
# has it in its first stage. Conformer takes the argument and freezes nothing at all.
#
# Source: _freeze_stages in mmpretrain/models/backbones/resnet.py, efficientnet.py, convnext.py and xcit.py; __init__ in
# conformer.py, which keeps the argument and does no more with it.
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

frozen = {}
for name in "ResNet", "EfficientNet", "ConvNeXt", "XCiT", "Conformer":
    backbone = getattr(backbones, name)(frozen_stages=1, **({"depth": 18} if name == "ResNet" else {}))
    backbone.train()
    tops = dict.fromkeys(".".join(key.split(".")[:2]) for key, parameter in backbone.named_parameters()
                         if not parameter.requires_grad)
    frozen[name] = " ".join(tops)
    print(f"seen: {name} freezes {frozen[name] or 'nothing'}")
sys.exit(frozen != {
    "ResNet": "conv1.weight bn1.weight bn1.bias layer1.0 layer1.1", "EfficientNet": "layers.0",
    "ConvNeXt": "downsample_layers.0 stages.0", "XCiT": "patch_embed.proj pos_embed.token_projection", "Conformer": ""})
PROBE
grep -o "seen: .*" "$dir/out"
