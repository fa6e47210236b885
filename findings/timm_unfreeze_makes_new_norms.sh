#!/usr/bin/env bash
# timm 1.0.31: unfreeze builds new batch norms, whose parameters an optimiser made before does not train.
#
# One would guess: timm.utils.unfreeze undoes timm.utils.freeze, which beginners call for some epochs of fine-tuning.
#
# What happens: freeze puts frozen norms in the place of batch norms, and unfreeze batch norms in the place of these.
# Their weight and bias are new parameters: an optimiser that was made for the whole model keeps the old ones, steps
# without a word, and the norms stay as they are. Momentum is back at 0.1, whatever it was, and the norms are in
# training mode though the model is in evaluation mode, so that its answers depend on the batch.
#
# Source: timm/utils/model.py, _freeze_unfreeze; timm/layers/norm_act.py, unfreeze_batch_norm_2d.
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.14.1 torchvision==0.29.1 timm==1.0.31 numpy==2.4.6 || exit 2
"$dir/env/bin/python" -W ignore - <<'PROBE'
import sys

import timm
import torch
from timm.utils import freeze, unfreeze

model = timm.create_model("resnet18", num_classes=7).eval()
for norm in (module for module in model.modules() if isinstance(module, torch.nn.BatchNorm2d)):
    norm.momentum = 0.01
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
freeze(model, ["bn1", "layer1"])
unfreeze(model, ["bn1", "layer1"])

known = {id(parameter) for group in optimizer.param_groups for parameter in group["params"]}
lost = [name for name, parameter in model.named_parameters() if id(parameter) not in known]
before = model.bn1.weight.detach().clone()
model(torch.randn(4, 3, 64, 64)).square().sum().backward()
optimizer.step()
still = torch.equal(before, model.bn1.weight)
print(f"parameters that the optimiser does not know: {len(lost)}, from {lost[0]} to {lost[-1]}")
print(f"bn1.weight after a step: {'as before' if still else 'changed'}; its gradient: "
      f"{model.bn1.weight.grad.abs().max():.3g} at most")
print(f"momentum of bn1 {model.bn1.momentum}, of layer2.0.bn1 {model.layer2[0].bn1.momentum}")
print(f"training: the model {model.training}, bn1 {model.bn1.training}")
sys.exit(not (len(lost) == 10 and still and model.bn1.momentum == 0.1 and model.bn1.training and not model.training))
PROBE
