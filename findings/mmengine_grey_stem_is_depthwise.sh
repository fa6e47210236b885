#!/usr/bin/env bash
# MMEngine 0.10.7: dwconv_decay_mult takes the first convolution of a network for grey pictures for a depthwise one.
#
# One would guess: dwconv_decay_mult=0, as configs of MobileNet have it, keeps weight decay from the depthwise
# convolutions, and from no other layer.
#
# What happens: depthwise is what has as many groups as input channels. The first convolution of a network for pictures
# of one channel has one of each and is left without decay too, although it mixes nothing but grey; with three channels
# the same layer has it. So a recipe is another one for grey pictures, and says nothing.
#
# Source: mmengine/optim/optimizer/default_constructor.py, DefaultOptimWrapperConstructor.add_params
# (is_dwconv = in_channels == groups).
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.14.1 mmengine==0.10.7 numpy==2.4.6 || exit 2
cd "$dir"
"$dir/env/bin/python" -W ignore - > out 2>&1 <<'PROBE' || { rc=$?; cat out >&2; exit $rc; }
import sys

from mmengine.optim import build_optim_wrapper
from torch import nn

found = {}
for channels in (3, 1):
    net = nn.Sequential(nn.Conv2d(channels, 8, 3), nn.Conv2d(8, 8, 3, groups=8), nn.Conv2d(8, 16, 1))
    wrapper = build_optim_wrapper(net, dict(
        optimizer=dict(type="SGD", lr=0.1, weight_decay=1e-4), paramwise_cfg=dict(dwconv_decay_mult=0.)))
    decays = {name: group["weight_decay"] for group, (name, _) in zip(wrapper.param_groups, net.named_parameters())}
    found[channels] = [decays[f"{layer}.weight"] for layer in range(3)]
    print(f"decay for {channels} channels: of the first layer {found[channels][0]}, depthwise {found[channels][1]}, "
          f"pointwise {found[channels][2]}")
sys.exit(found != {3: [1e-4, 0., 1e-4], 1: [0., 0., 1e-4]})
PROBE
grep "^decay" out
