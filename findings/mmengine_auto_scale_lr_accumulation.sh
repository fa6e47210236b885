#!/usr/bin/env bash
# MMEngine 0.10.7: auto_scale_lr does not know of gradient accumulation.
#
# One would guess: with base_batch_size=256, a batch of 64 and accumulative_counts=4, an optimiser step sees 256
# pictures, so the learning rate stays.
#
# What happens: the rate is divided by four, since only the loader's batch and the number of processes are counted.
# Whoever accumulates in order to get the original batch on a smaller card trains at a quarter of the original rate.
#
# Source: mmengine/runner/runner.py, Runner.scale_lr: real_bs = self.world_size * bs.
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.13.0 mmengine==0.10.7 numpy==2.4.6 || exit 2
"$dir/env/bin/python" -W ignore - <<'PROBE'
import logging
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
        return {"loss": self.weight.sum()}


def rate(batch_size, accumulative_counts):
    loader = dict(dataset=[{"inputs": 0}] * 256, batch_size=batch_size,
                  sampler=dict(type="DefaultSampler", shuffle=False))
    runner = Runner(Model(), tempfile.mkdtemp(), train_cfg=dict(by_epoch=True, max_epochs=1), train_dataloader=loader,
                    optim_wrapper=dict(optimizer=dict(type="SGD", lr=1.0), accumulative_counts=accumulative_counts),
                    auto_scale_lr=dict(enable=True, base_batch_size=256))
    runner.train()
    return runner.optim_wrapper.get_lr()["lr"][0]


whole, accumulated = rate(256, 1), rate(64, 4)
print(f"rate for a batch of 256: {whole}; for 4 accumulated batches of 64: {accumulated}")
sys.exit((whole, accumulated) != (1.0, 0.25))
PROBE
