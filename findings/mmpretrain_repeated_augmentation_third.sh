#!/usr/bin/env bash
# MMPretrain 1.2.0: on one device, an epoch of RepeatAugSampler has a third of the pictures, three times each in a row.
#
# One would guess: num_repeats=3, "the repeat times of every sample", makes an epoch that has each picture three times.
#
# What happens: the epoch stays as long as the data set, and what is past its end is dropped after the repetition. Two
# thirds of the pictures, new ones each epoch, are not seen in it. The repeated ones are meant for different devices; on
# a single one they stand side by side in a batch, which holds a third as many pictures as its size says, and batch
# norms and Mixup see those.
#
# Source: mmpretrain/datasets/samplers/repeat_aug.py, RepeatAugSampler.__iter__.
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.14.1 torchvision==0.29.1 mmpretrain==1.2.0 mmengine==0.10.7 \
    mmcv-lite==2.2.0 numpy==2.4.6 || exit 2
"$dir/env/bin/python" -W ignore - <<'PROBE'
import sys
from collections import Counter

from mmpretrain.datasets import RepeatAugSampler

sampler = RepeatAugSampler(range(999), num_repeats=3, seed=0)
epoch = list(sampler)
times = Counter(Counter(epoch).values())
batch = len(set(epoch[:63]))
print(f"of 999 pictures, an epoch of {len(epoch)} has {sum(times.values())}; so many times each: {dict(times)}")
print("different pictures in the first batch of 63:", batch)
sys.exit(not (len(epoch) == 999 and times == {3: 333} and batch == 21))
PROBE
