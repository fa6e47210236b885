#!/usr/bin/env bash
# MMEngine 0.10.7: in a checkpoint, "ema_state_dict" holds the weights that are not averaged.
#
# One would guess: with EMAHook, state_dict holds the trained weights and ema_state_dict their average, as the names
# say (and as state_dict_ema does in timm's checkpoints, which timm's loader prefers for that reason).
#
# What happens: the hook swaps the two on saving. Who takes ema_state_dict to deploy the average deploys the raw
# weights; who goes on from state_dict in another trainer begins at the average.
#
# Source: mmengine/hooks/ema_hook.py, EMAHook.before_save_checkpoint and _swap_ema_state_dict.
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.13.0 mmengine==0.10.7 numpy==2.4.6 || exit 2
"$dir/env/bin/python" -W ignore - <<'PROBE'
import logging
import os
import sys
import tempfile

import torch
from mmengine.model import BaseModel
from mmengine.runner import Runner

logging.disable(logging.WARNING)


class Model(BaseModel):
    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def forward(self, inputs, mode="loss"):
        return {"loss": -self.weight.sum()}  # with rate 1, the weight grows by 1 a step


work_dir = tempfile.mkdtemp()
runner = Runner(Model(), work_dir, train_cfg=dict(by_epoch=True, max_epochs=1),
                train_dataloader=dict(dataset=[{"inputs": 0}] * 4, batch_size=1,
                                      sampler=dict(type="DefaultSampler", shuffle=False)),
                optim_wrapper=dict(optimizer=dict(type="SGD", lr=1.0)),
                custom_hooks=[dict(type="EMAHook", momentum=0.5)])
runner.train()
trained = runner.model.weight.item()
checkpoint = torch.load(os.path.join(work_dir, "epoch_1.pth"), weights_only=False)
plain, ema = checkpoint["state_dict"]["weight"].item(), checkpoint["ema_state_dict"]["module.weight"].item()
print(f"weight after training {trained}; the checkpoint's state_dict {plain}, its ema_state_dict {ema}")
sys.exit(not (trained == 4 and ema == trained and plain < trained))
PROBE
