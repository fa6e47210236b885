#!/usr/bin/env bash
# PyTorch 2.13.0: a training loop inside one autocast block does not learn, though the weights move.
#
# One would guess: where the `with torch.autocast(...)` stands, around each step or around the whole loop, is a matter
# of taste.
#
# What happens: autocast caches the low-precision copy of each weight until the outermost block ends, and does not
# notice that the optimiser changed the weight. Every forward pass uses the first weights, the loss stays the same,
# and the weights run away along one stale gradient. An evaluation inside the block sees the old weights too.
#
# Source: torch/amp/autocast_mode.py, autocast.__exit__ is what calls torch.clear_autocast_cache(); ATen's cached_cast
# keys its cache by the tensor, not its version. `cache_enabled=False` avoids it.
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.13.0 || exit 2
"$dir/env/bin/python" -W ignore - <<'PROBE'
import contextlib
import sys

import torch
from torch import nn

images = torch.randn(64, 4, generator=torch.Generator().manual_seed(0))
targets = images.sum(1, keepdim=True)


def losses(around_loop):
    torch.manual_seed(0)
    layer = nn.Linear(4, 1)
    optimizer = torch.optim.SGD(layer.parameters(), 0.1)
    seen = []
    with torch.autocast("cpu", torch.bfloat16) if around_loop else contextlib.nullcontext():
        for _ in range(20):
            with torch.autocast("cpu", torch.bfloat16):
                loss = nn.functional.mse_loss(layer(images), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            seen.append(round(loss.item(), 4))
    return seen


each, whole = losses(around_loop=False), losses(around_loop=True)
print("a block around each step:     first loss", each[0], "last", each[-1])
print("a block around the whole loop: first loss", whole[0], "last", whole[-1])
sys.exit(not (each[-1] < each[0] / 10 and len(set(whole)) == 1))
PROBE
