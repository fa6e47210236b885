#!/usr/bin/env bash
# timm 1.0.31: one checkpoint of its training script is two networks, by which door it is read.
#
# One would guess: create_model(checkpoint_path=...), load_checkpoint, resume_checkpoint and validate.py --checkpoint
# read the same weights from a file.
#
# What happens: with --model-ema the file holds state_dict and state_dict_ema. create_model and load_checkpoint take the
# averaged weights without being asked; resume_checkpoint takes the others; validate.py, too, unless it is told
# --use-ema. The best checkpoint was chosen by the averaged weights, so validate.py does not give the accuracy that it
# was chosen for.
#
# Source: timm/models/_helpers.py, load_state_dict, load_checkpoint and resume_checkpoint; validate.py, --use-ema;
# train.py, where ema_eval_metrics take the place of eval_metrics.
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.14.1 torchvision==0.29.1 timm==1.0.31 numpy==2.4.6 || exit 2
cd "$dir"
"$dir/env/bin/python" -W ignore - <<'PROBE'
import sys

import torch
from timm import create_model
from timm.models import load_checkpoint, resume_checkpoint
from timm.utils import CheckpointSaver, ModelEmaV3

torch.manual_seed(0)
model = create_model("test_resnet")
torch.nn.init.zeros_(model.fc.bias)
ema = ModelEmaV3(model, decay=0.9)
torch.nn.init.ones_(model.fc.bias)
ema.update(model)  # the average is at 0.1
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
saver = CheckpointSaver(model, optimizer, model_ema=ema, checkpoint_dir=".", recovery_dir=".")
saver.save_checkpoint(0, metric=1.)
path = "model_best.pth.tar"
created = create_model("test_resnet", checkpoint_path=path)
loaded, resumed = create_model("test_resnet"), create_model("test_resnet")
load_checkpoint(loaded, path)
resume_checkpoint(resumed, path, log_info=False)
found = {name: round(net.fc.bias[0].item(), 3) for name, net in (
    ("create_model", created), ("load_checkpoint", loaded), ("resume_checkpoint", resumed))}
print("a bias that is 1 in the network and 0.1 in the average:", found)
sys.exit(found != {"create_model": 0.1, "load_checkpoint": 0.1, "resume_checkpoint": 1.0})
PROBE
