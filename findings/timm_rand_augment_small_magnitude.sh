#!/usr/bin/env bash
# timm 1.0.31: RandAugment at magnitude 1 distorts more than at magnitude 9.
#
# One would guess: rand-m0 leaves pictures alone, rand-m1 changes them a little, rand-m9 much.
#
# What happens: unless "-inc1" is given, Solarize inverts nearly everything at a small magnitude, and Color, Contrast,
# Brightness and Sharpness keep a tenth of the picture at 0, all of it at 5. So rand-m0 and rand-m1 are among the
# strongest settings. Posterize keeps 0 bits at magnitudes 0 to 2, which Pillow 13 refuses in the middle of an epoch
# (left out below).
#
# Source: timm/data/auto_augment.py, _solarize_level_to_arg, _enhance_level_to_arg, _posterize_level_to_arg (their
# comments say so) and _RAND_TRANSFORMS.
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.14.1 torchvision==0.29.1 timm==1.0.31 numpy==2.4.6 \
    pillow==13.0.0 || exit 2
"$dir/env/bin/python" -W ignore - <<'PROBE'
import random
import sys

import numpy as np
from PIL import Image
from timm.data.auto_augment import rand_augment_transform

picture = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
POINTWISE = "Solarize", "Color", "Contrast", "Brightness", "Sharpness"


def change(setting):
    random.seed(0)
    np.random.seed(0)
    transform = rand_augment_transform(setting, {})
    transform.ops = [op for op in transform.ops if op.name.removesuffix("Increasing") in POINTWISE]
    results = [np.asarray(transform(Image.fromarray(picture)), float) for _ in range(400)]
    return float(np.mean([np.abs(result - picture).mean() for result in results]))


changes = {setting: change(setting) for setting in ("rand-m0", "rand-m1", "rand-m9", "rand-m0-inc1", "rand-m9-inc1")}
for setting, grey_levels in changes.items():
    print(f"{setting:13} mean change {grey_levels:5.1f} grey levels")
sys.exit(not (changes["rand-m1"] > 1.2 * changes["rand-m9"] and changes["rand-m0"] > 20))
PROBE
