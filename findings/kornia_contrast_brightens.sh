#!/usr/bin/env bash
# kornia 0.8.3: RandomContrast makes a picture brighter, and RandomBrightness(2) makes it white.
#
# One would guess: as their docstrings say, both align with PIL and are close to torchvision's: contrast leaves the mean
# of a picture where it is and spreads the values about it, brightness multiplies.
#
# What happens: RandomContrast multiplies, which is what torchvision calls brightness: at a factor of 2 the mean of a
# grey face doubles. RandomBrightness adds the factor less one: at 2 everything is 1, white. In the same library
# ColorJitter's contrast is torchvision's and ColorJiggle's is RandomContrast's. So a recipe that is carried over from
# torchvision, or from one class to another, trains on other pictures, and nothing says so.
#
# Source: kornia/augmentation/_2d/intensity/contrast.py and brightness.py (docstrings, and adjust_contrast and
# adjust_brightness of kornia/enhance/adjust.py), color_jitter.py, color_jiggle.py.
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.14.1 torchvision==0.29.1 numpy==2.4.6 kornia==0.8.3 || exit 2
"$dir/env/bin/python" -W ignore - <<'PROBE'
import sys

import torch
from kornia.augmentation import ColorJiggle, ColorJitter, RandomBrightness, RandomContrast
from torchvision.transforms import functional

face = torch.linspace(0.25, 0.45, 48 * 48).view(1, 1, 48, 48)
colour = face.expand(-1, 3, -1, -1)
made = {
    "the face": face,
    "contrast 2 by torchvision": functional.adjust_contrast(face, 2.),
    "contrast 2 by RandomContrast": RandomContrast((2., 2.), p=1.)(face),
    "contrast 2 by ColorJitter": ColorJitter(contrast=(2., 2.), p=1.)(colour),
    "contrast 2 by ColorJiggle": ColorJiggle(contrast=(2., 2.), p=1.)(colour),
    "brightness 2 by torchvision": functional.adjust_brightness(face, 2.),
    "brightness 2 by RandomBrightness": RandomBrightness((2., 2.), p=1.)(face),
}
means = {what: round(picture.mean().item(), 2) for what, picture in made.items()}
for what, picture in made.items():
    print(f"{what}: mean {means[what]:.2f}, from {picture.min():.2f} to {picture.max():.2f}")
sys.exit(list(means.values()) != [0.35, 0.35, 0.7, 0.35, 0.7, 0.7, 1.])
PROBE
