#!/usr/bin/env bash
# MMPretrain 1.2.0 with MMEngine 0.10.7: with PreciseBNHook and EMAHook, the checkpoint is not the network that was
# validated.
#
# One would guess: PreciseBNHook, ahead of EMAHook and CheckpointHook as its documentation asks, measures the batch
# norms' statistics anew after each epoch; these are validated, saved, and give the same accuracy when the checkpoint is
# tested.
#
# What happens: EMAHook exchanges the parameters for validation, which then sees the measured statistics, but all of the
# state dict on saving, and its own copy has the statistics of the last training step. The best checkpoint is chosen by
# the accuracy of a network that is nowhere on disk.
#
# Source: mmengine/hooks/ema_hook.py, _swap_ema_parameters and _swap_ema_state_dict; mmpretrain/engine/hooks/
# precise_bn_hook.py, update_bn_stats.
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.14.1 torchvision==0.29.1 mmpretrain==1.2.0 mmengine==0.10.7 \
    mmcv-lite==2.2.0 numpy==2.4.6 || exit 2
"$dir/env/bin/python" -W ignore - > "$dir/out" 2>&1 <<'PROBE' || { rc=$?; cat "$dir/out" >&2; exit $rc; }
import sys
import tempfile

import mmpretrain.engine  # noqa: F401  (registers PreciseBNHook)
import torch
from mmengine.evaluator import BaseMetric
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch import nn


class AboveTheMean(BaseModel):
    """Says whether a value is above the mean that its batch norm knows."""

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(1)

    def forward(self, inputs, label, mode="tensor"):
        out = self.norm(inputs)
        return {"loss": 0 * out.sum()} if mode == "loss" else [(out[:, 0] > 0) == label]


class Accuracy(BaseMetric):
    def process(self, data_batch, data_samples):
        self.results += data_samples[0].tolist()

    def compute_metrics(self, results):
        return {"accuracy": 100 * sum(results) / len(results)}


torch.manual_seed(0)
values = torch.randn(512, 1) + 3
data = [{"inputs": value, "label": value[0] > 3} for value in values]


def train(hooks):
    """The accuracy at validation after an epoch, and that of the checkpoint written then."""
    work_dir = tempfile.mkdtemp()
    loader = {"dataset": data, "batch_size": 64, "sampler": {"type": "DefaultSampler", "shuffle": False},
              "collate_fn": {"type": "default_collate"}}
    runner = Runner(
        AboveTheMean(), work_dir, loader, loader, train_cfg={"by_epoch": True, "max_epochs": 1}, val_cfg={},
        val_evaluator=[Accuracy()], optim_wrapper={"optimizer": {"type": "SGD", "lr": 0.}}, custom_hooks=hooks)
    runner.train()
    model = AboveTheMean().eval()
    model.load_state_dict(torch.load(f"{work_dir}/epoch_1.pth", weights_only=False)["state_dict"])
    right = model(values, values[:, 0] > 3)[0]
    return runner.message_hub.get_scalar("val/accuracy").current(), 100 * right.float().mean().item()


precise = {"type": "mmpretrain.PreciseBNHook", "priority": "ABOVE_NORMAL"}
seen = {}
for name, hooks in {"PreciseBNHook": [precise], "PreciseBNHook and EMAHook": [precise, {"type": "EMAHook"}]}.items():
    seen[name] = train(hooks)
    print("seen: {}, accuracy at validation {:.1f}, of its checkpoint {:.1f}".format(name, *seen[name]))
alone, both = seen.values()
sys.exit(not (alone[0] == alone[1] == both[0] > 95 and both[1] < 70))
PROBE
grep -o "seen: .*" "$dir/out"
