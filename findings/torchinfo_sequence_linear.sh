#!/usr/bin/env bash
# torchinfo 1.8.0: "Total mult-adds" of a linear layer does not depend on the number of tokens.
#
# One would guess: a linear layer over 196 tokens costs 196 times as much as over one, and attention costs something.
#
# What happens: only the first dimension of the output is counted for a linear layer, so 1 and 196 tokens give the
# same figure, and nn.MultiheadAttention counts as 0. A vision transformer comes out at about a hundredth of its cost,
# in the same table as convolutions, which are right.
#
# Source: torchinfo/layer_info.py, LayerInfo.calculate_macs: for a layer that is not a convolution, the parameters
# times output_size[0].
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.13.0 numpy==2.4.6 torchinfo==1.8.0 || exit 2
"$dir/env/bin/python" -W ignore - <<'PROBE'
import sys

import torch
from torch import nn
from torchinfo import summary


def mult_adds(module, *inputs):
    return summary(module, input_data=list(inputs), verbose=0).total_mult_adds


tokens = torch.rand(1, 196, 64)
linear = nn.Linear(64, 64, bias=False)
one, many = mult_adds(linear, tokens[:, :1]), mult_adds(linear, tokens)
pointwise = mult_adds(nn.Conv2d(64, 64, 1, bias=False), torch.rand(1, 64, 14, 14))
attention = mult_adds(nn.MultiheadAttention(64, 4, batch_first=True), tokens, tokens, tokens)
print(f"Linear over 1 token {one}, over 196 tokens {many}; the same as a 1x1 convolution over 14x14 {pointwise}")
print(f"MultiheadAttention over 196 tokens {attention}")
sys.exit(not (one == many == 64 * 64 and pointwise == 196 * 64 * 64 and attention == 0))
PROBE
