#!/usr/bin/env bash
# PyTorch 2.14.1, timm 1.0.31, MMEngine 0.10.7: with activation checkpointing, batch norms take each batch into their
# statistics twice.
#
# One would guess: set_grad_checkpointing trades time for memory, and the trained network is the same.
#
# What happens: the gradients are, but a checkpointed block runs forward once more during backward, in training mode,
# and each of its norms moves its running mean and variance again. The statistics of those blocks follow with a momentum
# of 0.19 instead of 0.1, those of the stem do not; in eval mode the same weights say something else.
# MMEngine's activation_checkpointing does the same.
#
# Source: torch/utils/checkpoint.py, which runs the function again as it is; timm/models/_manipulate.py,
# checkpoint_seq; mmengine/runner/activation_checkpointing.py, turn_on_activation_checkpointing.
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.14.1 torchvision==0.29.1 timm==1.0.31 mmengine==0.10.7 \
    numpy==2.4.6 || exit 2
"$dir/env/bin/python" -W ignore - <<'PROBE'
import copy
import sys

import timm
import torch
from mmengine.runner.activation_checkpointing import turn_on_activation_checkpointing

torch.manual_seed(0)
plain = timm.create_model("resnet18", num_classes=7)
timms, mmengines = copy.deepcopy(plain), copy.deepcopy(plain)
timms.set_grad_checkpointing()
turn_on_activation_checkpointing(mmengines, ["layer1", "layer2", "layer3", "layer4"])

images, labels = torch.randn(8, 3, 64, 64), torch.arange(8) % 7
scores, gradients, changes = {}, {}, {}
for name, model in {"plain": plain, "by timm": timms, "by MMEngine": mmengines}.items():
    model.train()
    torch.nn.functional.cross_entropy(model(images), labels).backward()
    with torch.no_grad():
        scores[name] = model.eval()(images)
    gradients[name] = model.conv1.weight.grad
    batches = {int(norm.num_batches_tracked) for norm in model.layer4.modules() if hasattr(norm, "num_batches_tracked")}
    changes[name] = [((found[name] - found["plain"]).norm() / found["plain"].norm()).item()
                     for found in (scores, gradients)]
    print(f"{name}: after one step, the stem's norm has seen {int(model.bn1.num_batches_tracked)} batch, layer4's "
          f"{batches}; scores in eval mode differ by {changes[name][0]:.2g}, gradients by {changes[name][1]:.2g}")
sys.exit(not all(changes[name][0] > 0.01 and changes[name][1] < 1e-4 for name in ("by timm", "by MMEngine")))
PROBE
