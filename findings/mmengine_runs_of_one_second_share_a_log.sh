#!/usr/bin/env bash
# MMEngine 0.10.7: two runs that are set up within a second write into one log, whatever their work_dir.
#
# One would guess: each Runner logs into its own work_dir, as in a loop over folds or settings.
#
# What happens: logger, message hub and visualizer are global, by the name of the experiment, which ends in the time to
# the second. A second Runner of that second gets those of the first: its lines go into the first one's folder, its own
# folder has no log and no scalars, and both count in one message hub, where the second finds the steps and losses of
# the first.
#
# Source: mmengine/runner/runner.py, Runner.__init__, setup_env, build_logger and build_visualizer;
# mmengine/utils/manager.py, ManagerMixin.get_instance.
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.14.1 torchvision==0.29.1 mmengine==0.10.7 numpy==2.4.6 || exit 2
cd "$dir"
"$dir/env/bin/python" -W ignore - > "$dir/out" 2>&1 <<'PROBE' || { rc=$?; cat "$dir/out" >&2; exit $rc; }
import sys
import time
from pathlib import Path

import torch
from mmengine.model import BaseModel
from mmengine.runner import Runner


class Line(BaseModel):
    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(1))

    def forward(self, inputs, data_samples=None, mode="loss"):
        return {"loss": (self.weight * inputs.float()).mean()}


def run(name):
    return Runner(
        Line(), name, train_dataloader=dict(
            dataset=[{"inputs": torch.ones(1)}] * 4, batch_size=2, collate_fn=dict(type="default_collate"),
            sampler=dict(type="DefaultSampler", shuffle=False)),
        train_cfg=dict(by_epoch=True, max_epochs=1), optim_wrapper=dict(optimizer=dict(type="SGD", lr=0.1)),
        default_hooks=dict(logger=dict(type="LoggerHook", interval=1)))


timestamp = None
for attempt in range(20):  # until both are set up within a second in which none was before
    while time.time() % 1 > 0.1 or time.strftime("%Y%m%d_%H%M%S") == timestamp:
        time.sleep(0.01)
    first, second = run(f"first_{attempt}"), run(f"second_{attempt}")
    timestamp = second.timestamp
    if first.timestamp == timestamp:
        break
first.train()
second.train()
lines = [[line for log in Path(runner.work_dir).rglob("*.log") for line in log.read_text().splitlines()
          if "loss:" in line] for runner in (first, second)]
shared = first.message_hub is second.message_hub
print(f"lines with a loss in the folders' logs, of two steps each: {len(lines[0])} and {len(lines[1])}")
print("one message hub for both:", shared)
sys.exit(not ([len(part) for part in lines] == [4, 0] and shared))
PROBE
grep -E "^(lines|one)" "$dir/out"
