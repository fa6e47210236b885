#!/usr/bin/env bash
# kornia 0.8.3: augmentations in a model go on in eval mode.
#
# One would guess: an augmentation is an nn.Module that stands in the model like Dropout, so model.eval() turns it
# off.
#
# What happens: the training flag is not looked at. A model with kornia's augmentations inside flips and erases test
# pictures too; its accuracy is too low, and differs from run to run. An exported model keeps what the trace drew.
#
# Source: kornia/augmentation/base.py and _2d/base.py, where forward samples and applies parameters without asking
# self.training.
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.13.0 numpy==2.4.6 kornia==0.8.3 || exit 2
"$dir/env/bin/python" -W ignore - <<'PROBE'
import sys

import torch
from kornia.augmentation import RandomErasing, RandomHorizontalFlip
from torch import nn

faces = torch.rand(8, 1, 48, 48, generator=torch.Generator().manual_seed(0))
model = nn.Sequential(RandomHorizontalFlip(p=0.5), RandomErasing(p=0.5), nn.Dropout(0.5)).eval()
with torch.no_grad():
    torch.manual_seed(0)
    first, second = model(faces), model(faces)
changed = [(run != faces).flatten(1).any(1).sum().item() for run in (first, second)]
print(f"model.training is {model.training}; faces changed: {changed[0]} of 8, then {changed[1]} of 8")
print("two evaluations agree:", torch.equal(first, second))
sys.exit(not (min(changed) > 0 and not torch.equal(first, second)))
PROBE
