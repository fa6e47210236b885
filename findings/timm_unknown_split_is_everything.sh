#!/usr/bin/env bash
# timm 1.0.31: a split that does not exist is the whole folder, training pictures included.
#
# One would guess: --val-split test is an error if the folder has no such split, or reads nothing.
#
# What happens: create_dataset falls back to the folder above, and since the deepest folder is the class, reads the
# pictures of all splits under the right classes. Training then validates on what it trains on, and chooses its best
# checkpoint by that; validate.py reports it as the accuracy. Names are matched by case, so FER-2013's PublicTest is
# not found as publictest.
#
# Source: timm/data/dataset_factory.py, _search_split, whose last line returns the root.
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.14.1 torchvision==0.29.1 timm==1.0.31 numpy==2.4.6 pillow==12.1.0 \
    || exit 2
"$dir/env/bin/python" -W ignore - "$dir/faces" <<'PROBE'
import sys
from pathlib import Path

from PIL import Image
from timm.data import create_dataset

root = Path(sys.argv[1])
for split, count in {"train": 8, "PublicTest": 2}.items():
    for label in "happy", "sad":
        (root / split / label).mkdir(parents=True)
        for i in range(count):
            Image.new("L", (48, 48)).save(root / split / label / f"{split}-{i}.png")

sizes = {}
for split in "train", "PublicTest", "publictest", "test":
    data = create_dataset("", root=str(root), split=split)
    sizes[split] = len(data)
    print(f"split {split}: {len(data)} pictures of the classes {', '.join(data.reader.class_to_idx)}")
sys.exit(sizes != {"train": 16, "PublicTest": 4, "publictest": 20, "test": 20})
PROBE
