#!/usr/bin/env bash
# PyTorch 2.13.0: FlopCounterMode counts no attention on a CPU.
#
# One would guess: the floating-point operations of scaled_dot_product_attention do not depend on the device, and an
# operator that cannot be counted is named.
#
# What happens: on a CPU the function runs as _scaled_dot_product_flash_attention_for_cpu, which has no formula; it is
# counted as 0, forward and backward, without a word. Written out as two matrix products the same attention is
# counted.
#
# Source: torch/utils/flop_counter.py, flop_registry: the efficient, flash and cuDNN variants are registered, the one
# for CPUs is not.
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.13.0 || exit 2
"$dir/env/bin/python" -W ignore - <<'PROBE'
import sys

import torch
from torch.nn.functional import scaled_dot_product_attention
from torch.utils.flop_counter import FlopCounterMode

q = torch.rand(1, 4, 196, 16)  # batch, heads, tokens, channels


def count(attention):
    with FlopCounterMode(display=False) as counter:
        result = attention()
    return counter.get_total_flops(), result


fused, a = count(lambda: scaled_dot_product_attention(q, q, q))
written_out, b = count(lambda: (q @ q.transpose(2, 3) / 4).softmax(3) @ q)
print("same result:", torch.allclose(a, b, atol=1e-5))
print(f"FLOPs: {fused} by scaled_dot_product_attention, {written_out} as two products")
sys.exit(not (torch.allclose(a, b, atol=1e-5) and fused == 0 and written_out == 2 * 2 * 4 * 196 * 196 * 16))
PROBE
