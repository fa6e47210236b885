#!/usr/bin/env bash
# thop 0.1.1.post2209072238: after counting, the model's state dict has entries that it did not have.
#
# One would guess: thop.profile cleans up after itself, and a checkpoint saved after it loads as any other.
#
# What happens: it registers the buffers total_ops and total_params on modules to count in, and takes them off again
# only where it has also added a hook for a leaf that it knows; blocks and the network itself keep theirs. They are
# saved with the weights, and the checkpoint is refused by a fresh model for unexpected keys.
#
# Source: thop/profile.py, profile: add_hooks and the loop over handler_collection at its end.
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.14.1 torchvision==0.29.1 thop==0.1.1.post2209072238 timm==1.0.31 \
    numpy==2.4.6 || exit 2
"$dir/env/bin/python" -W ignore - <<'PROBE'
import sys

import thop
import timm
import torch

model = timm.create_model("resnet18", num_classes=7)
names = set(model.state_dict())
thop.profile(model, (torch.randn(1, 3, 64, 64),), verbose=False)
added = sorted(set(model.state_dict()) - names)
print(f"{len(added)} entries more in the state dict, such as {added[:3]}")
try:
    timm.create_model("resnet18", num_classes=7).load_state_dict(model.state_dict())
    refused = False
except RuntimeError as error:
    refused = "Unexpected key" in str(error)
print(f"a fresh model {'refuses' if refused else 'loads'} it")
sys.exit(not (added and refused))
PROBE
