#!/usr/bin/env bash
# MMPretrain 1.2.0: eval() and train() of most backbones return None, not the backbone.
#
# One would guess: as for every torch.nn.Module, `backbone = ResNet(18).eval()` is the backbone in evaluation mode.
#
# What happens: backbones that can be frozen have a train() of their own, to keep the frozen stages' norms in evaluation
# mode, which does not hand back the module; eval() calls it. The line above makes `backbone` None, and the error comes
# later, where it is called. A whole ImageClassifier returns itself.
#
# Source: mmpretrain/models/backbones/base_backbone.py, BaseBackbone.train, and those of resnet.py, mobilenet_v3.py and
# convnext.py; torch.nn.Module.eval returns what train() does.
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.14.1 torchvision==0.29.1 mmpretrain==1.2.0 mmengine==0.10.7 \
    mmcv-lite==2.2.0 numpy==2.4.6 || exit 2
cd "$dir"
"$dir/env/bin/python" -W ignore - > out 2>&1 <<'PROBE' || { rc=$?; cat out >&2; exit $rc; }
import sys

from mmpretrain.models import (
    VGG, ConvNeXt, EfficientNet, ImageClassifier, LinearClsHead, MobileNetV3, ResNet, SwinTransformer)

made = [ResNet(18), MobileNetV3(), ConvNeXt("atto"), EfficientNet("b0"), VGG(11), SwinTransformer("tiny"),
        ImageClassifier(MobileNetV3(), head=LinearClsHead(7, 576))]
found = {type(module).__name__: type(module.eval()).__name__ for module in made}
for name, returned in found.items():
    print(f"eval() of {name} returns {returned}")
sys.exit(not (found.pop("ImageClassifier") == "ImageClassifier" and set(found.values()) == {"NoneType"}))
PROBE
grep "^eval" out
