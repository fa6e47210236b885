#!/usr/bin/env bash
# timm 1.0.31: with the same rd_ratio, SE and SK have at least eight hidden channels, CBAM and GC what is asked for.
#
# One would guess: create_attn("se", 32, rd_ratio=1/16) and create_attn("cbam", 32, rd_ratio=1/16) both reduce 32
# channels to 2, as the papers do, so that the two can be compared at the same ratio.
#
# What happens: SE and SK round the reduced width to a multiple of rd_divisor=8, and up to it; of CBAM and the global
# context block rd_divisor is 1. In the narrow stages of a small network SE's bottleneck is four times as wide as CBAM's
# and does not follow the ratio: 32, 64 and 128 channels all have eight. MMPretrain's SELayer rounds as timm's.
#
# Source: timm/layers/squeeze_excite.py, selective_kernel.py, cbam.py and global_context.py, the defaults of rd_divisor;
# timm/layers/helpers.py, make_divisible.
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.14.1 torchvision==0.29.1 timm==1.0.31 numpy==2.4.6 || exit 2
"$dir/env/bin/python" -W ignore - <<'PROBE'
import sys

from timm.layers import create_attn

reducing = {"se": "fc1", "sk": "attn.fc_reduce", "cbam": "channel.fc1", "gc": "mlp_scale.fc1"}
hidden = {name: [create_attn(name, channels, rd_ratio=1 / 16).get_submodule(layer).out_channels
                 for channels in (32, 64, 128)] for name, layer in reducing.items()}
for name, widths in hidden.items():
    print(f"{name}, rd_ratio=1/16, hidden channels of 32, 64 and 128: {widths}")
sys.exit(hidden != {"se": [8, 8, 8], "sk": [8, 8, 8], "cbam": [2, 4, 8], "gc": [2, 4, 8]})
PROBE
