#!/usr/bin/env bash
# mmcv-lite 2.2.0, MMPretrain 1.2.0, timm 1.0.31: fuse_conv_bn changes what a network says, without a word.
#
# One would guess: mmcv.cnn.fuse_conv_bn, which the tools of OpenMMLab call for --fuse-conv-bn, folds a batch norm into
# the convolution that it follows, and in eval mode the logits stay the same.
#
# What happens: it folds a norm into the convolution that was registered last before it in the same module, whatever
# lies between. In MMPretrain's own ConvMixer that is a GELU: the norm moves to its other side. timm's BatchNormAct2d, a
# norm with its activation, counts as a batch norm and is replaced by Identity, activation and all. Either network goes
# on to say something else.
#
# Source: mmcv/cnn/utils/fuse_conv_bn.py, in which last_conv outlives other children; mmpretrain/models/backbones/
# convmixer.py; timm/layers/norm_act.py, BatchNormAct2d.
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.14.1 torchvision==0.29.1 timm==1.0.31 mmcv-lite==2.2.0 \
    mmengine==0.10.7 mmpretrain==1.2.0 numpy==2.4.6 || exit 2
"$dir/env/bin/python" -W ignore - <<'PROBE'
import copy
import sys

import timm
import torch
from mmcv.cnn import fuse_conv_bn
from mmpretrain.models import ConvMixer, ResNet

torch.manual_seed(0)
models = {
    "mmpretrain ResNet-18": (ResNet(18), 64),
    "mmpretrain ConvMixer-768/32": (ConvMixer("768/32"), 28),
    "timm test_resnet": (timm.create_model("test_resnet", num_classes=7), 64),
    "timm test_efficientnet": (timm.create_model("test_efficientnet", num_classes=7), 64),
}
changes = {}
with torch.no_grad():
    for name, (model, side) in models.items():
        for norm in model.modules():
            if isinstance(norm, torch.nn.BatchNorm2d):  # statistics as after a training, rather than 0 and 1
                norm.running_mean.normal_(0, 0.1)
                norm.running_var.uniform_(0.5, 1.5)
        images = torch.randn(2, 3, side, side)
        model.eval()  # a statement of its own: eval() of MMPretrain's backbones returns None
        said = [each(images) for each in (model, fuse_conv_bn(copy.deepcopy(model)))]
        before, after = (each[-1] if isinstance(each, tuple) else each for each in said)
        changes[name] = ((after - before).norm() / before.norm()).item()
        print(f"{name}: fused, its output changes by {changes[name]:.2g} of its norm")
resnet, convmixer, test_resnet, efficientnet = changes.values()
sys.exit(not (max(resnet, test_resnet) < 1e-4 and min(convmixer, efficientnet) > 0.1))
PROBE
