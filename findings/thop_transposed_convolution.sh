#!/usr/bin/env bash
# thop 0.1.1.post2209072238, torchprofile 0.1.0: of a transposed convolution of stride 2, over four times the cost.
#
# One would guess: all counters agree on multiply-adds of a convolution, transposed or not.
#
# What happens: both take the size of the output times the size of the kernel, which is right for a convolution. A
# transposed one multiplies each pixel of its input with the kernel, so theirs is too high by the square of the stride,
# and more by the border: decoders, and attention that goes down and up again, look dearer than they are. fvcore and
# PyTorch's own counter have it right.
#
# Source: thop/vision/basic_hooks.py, count_convNd, which thop/profile.py registers for ConvTranspose2d too;
# torchprofile/handlers.py, convolution.
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.14.1 torchvision==0.29.1 thop==0.1.1.post2209072238 \
    torchprofile==0.1.0 fvcore==0.1.5.post20221221 numpy==2.4.6 || exit 2
"$dir/env/bin/python" -W ignore - <<'PROBE'
import sys

import thop
import torch
from fvcore.nn import FlopCountAnalysis
from torch import nn
from torch.utils.flop_counter import FlopCounterMode
from torchprofile import profile_macs

up = nn.ConvTranspose2d(4, 4, 3, stride=2, bias=False)
image = torch.randn(1, 4, 16, 16)
by_hand = 16 * 16 * 4 * 4 * 3 * 3  # each input pixel and channel with each weight of its kernels
with torch.no_grad(), FlopCounterMode(display=False) as counter:
    up(image)
found = {"fvcore": FlopCountAnalysis(up, image).total(), "torch": counter.get_total_flops() // 2,
         "thop": int(thop.profile(up, (image,), verbose=False)[0]), "torchprofile": profile_macs(up, image)}
print(f"multiply-adds by hand: {by_hand};", ", ".join(f"{name}: {count}" for name, count in found.items()))
sys.exit(not (found["fvcore"] == found["torch"] == by_hand and min(found["thop"], found["torchprofile"]) > 4 * by_hand))
PROBE
