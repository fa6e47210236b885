#!/usr/bin/env bash
# thop 0.1.1 and ptflops 0.7.5: convolutions of a class derived from Conv2d count as nothing: 380 times too few.
#
# One would guess: a counter of multiply-adds counts each convolution; at worst it warns of what it does not know.
#
# What happens: both go by the exact class of a module (ptflops by default, without its backend "aten"). timm's networks
# with standardised weights (ScaledStdConv2d, in NFNets) or TensorFlow's padding (Conv2dSame, in tf_ EfficientNets and
# MobileNets) have classes of their own, derived from torch.nn.Conv2d, whose forward() is theirs. They count as zero; a
# word on it comes only if asked for (report_missing=True, verbose=True). Of a network that has them in some places,
# such as a MobileNetV3 with TensorFlow's padding, a fifth is missing, which nobody sees.
#
# Source: thop/profile.py (`m_type in register_hooks`), ptflops/pytorch_engine.py (`type(module) in MODULES_MAPPING`);
# timm/layers/std_conv.py and conv2d_same.py.
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.14.1 torchvision==0.29.1 timm==1.0.31 numpy==2.4.6 \
    ptflops==0.7.5 thop==0.1.1.post2209072238 fvcore==0.1.5.post20221221 || exit 2
"$dir/env/bin/python" -W ignore - <<'PROBE'
import logging
import sys

import thop
import timm
import torch
from fvcore.nn import FlopCountAnalysis
from ptflops import get_model_complexity_info

logging.disable(logging.CRITICAL)
pictures = torch.rand(1, 3, 224, 224)
found = {}
for name in ("mobilenetv3_small_075", "tf_mobilenetv3_small_075", "resnet26", "nf_resnet26", "dm_nfnet_f0"):
    model = timm.create_model(name).eval()
    counted = FlopCountAnalysis(model, pictures).unsupported_ops_warnings(False).total()
    by_ptflops, _ = get_model_complexity_info(model, (3, 224, 224), as_strings=False, print_per_layer_stat=False)
    by_thop, _ = thop.profile(model, (pictures,), verbose=False)
    found[name] = [counts / counted for counts in (by_thop, by_ptflops)]
    print(f"{name}: fvcore {counted / 1e6:.1f} million, thop {by_thop / 1e6:.1f}, ptflops {by_ptflops / 1e6:.1f}")
plain, padded, resnet, *normless = found.values()
sys.exit(not (min(*plain, *resnet) > 0.9 and max(padded) < 0.85 and max(map(max, normless)) < 0.01))
PROBE
