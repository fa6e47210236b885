#!/usr/bin/env bash
# albumentations 2.0.8 with PyTorch 2.13.0: all workers of a DataLoader draw the same augmentations, in every epoch.
#
# One would guess: random numbers differ between workers and epochs, as they do for transforms that draw from torch,
# numpy or random, whose seeds DataLoader sets in each worker.
#
# What happens: Compose holds a numpy generator of its own, made when it is built. Each worker, in each epoch, begins
# with a copy of it in the same state. So with 8 workers the data see an eighth of the variety, and each epoch repeats
# the last: the k-th picture that a worker reads gets the same draw for ever. Neither torch.manual_seed nor
# np.random.seed has any effect on it. (persistent_workers=True cures the epochs, not the workers.)
#
# Source: albumentations/core/composition.py, BaseCompose.set_random_seed: self.random_generator =
# np.random.default_rng(seed); nothing there asks for the worker. Issue 266 of AlbumentationsX, its successor under
# another licence, where it is mended.
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.13.0 numpy==2.4.6 albumentations==2.0.8 || exit 2
"$dir/env/bin/python" -W ignore - <<'PROBE'
import os
import sys

os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"
import albumentations
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset


class Grey(Dataset):
    def __init__(self):
        self.transform = albumentations.Compose([albumentations.RandomBrightnessContrast(p=1.0)])

    def __len__(self):
        return 8

    def __getitem__(self, index):
        return int(self.transform(image=np.full((8, 8, 3), 128, np.uint8))["image"][0, 0, 0])


torch.manual_seed(0)
loader = DataLoader(Grey(), batch_size=4, num_workers=2, multiprocessing_context="fork")
epochs = [[batch.tolist() for batch in loader] for _ in range(2)]
for epoch in epochs:
    print("grey values by worker:", *epoch)
alike = epochs[0][0] == epochs[0][1] and epochs[0] == epochs[1]
sys.exit(not (alike and len(set(epochs[0][0])) > 1))
PROBE
