#!/usr/bin/env bash
# MMEngine 0.10.7: with persistent_workers=False, the default, every epoch repeats the same random augmentations.
#
# One would guess: the seed of a run makes it repeatable, and epochs differ from each other, as with torch's own
# DataLoader.
#
# What happens: MMEngine gives each worker the seed num_workers * rank + worker_id + seed, for numpy, random and
# torch, whenever workers start; and without persistent workers they start in each epoch. The pictures come in another
# order, the n-th draw of a worker is the same in each epoch. Besides, runs with seeds 0 and 1 share all streams but
# one, so they are not independent repetitions.
#
# Source: mmengine/dataset/utils.py, worker_init_fn; mmengine/runner/runner.py, Runner.build_dataloader.
# persistent_workers=True, or num_workers=0, avoids the repetition of epochs.
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.13.0 mmengine==0.10.7 numpy==2.4.6 || exit 2
"$dir/env/bin/python" -W ignore - <<'PROBE'
import sys

import numpy as np
from mmengine.runner import Runner
from torch.utils.data import Dataset


class Draws(Dataset):
    def __len__(self):
        return 6

    def __getitem__(self, index):
        return {"draw": round(np.random.rand(), 3)}


def epochs(seed, **options):
    config = dict(dataset=Draws(), batch_size=3, num_workers=2, multiprocessing_context="fork",
                  sampler=dict(type="DefaultSampler", shuffle=True), **options)
    loader = Runner.build_dataloader(config, seed=seed)
    return [[[float(draw) for draw in batch["draw"]] for batch in loader] for _ in range(2)]


by_default, persistent, other_seed = epochs(0), epochs(0, persistent_workers=True), epochs(1)
print("draws of workers 0 and 1, epoch 1:", *by_default[0])
print("draws of workers 0 and 1, epoch 2:", *by_default[1])
print("epoch 2, persistent_workers=True: ", *persistent[1])
print("epoch 1 with seed 1:              ", *other_seed[0])
repeated = by_default[0] == by_default[1] and persistent[0] != persistent[1]
sys.exit(not (repeated and other_seed[0][0] == by_default[0][1]))
PROBE
