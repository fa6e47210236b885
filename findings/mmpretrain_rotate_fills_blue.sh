#!/usr/bin/env bash
# MMPretrain 1.2.0 with mmcv 2.2.0: Rotate fills the corners with blue where Shear and Translate fill them with grey.
#
# One would guess: pad_val=128, the default of all three and of RandAugment, is grey, for each of the three channels.
#
# What happens: Shear and Translate repeat the number for each channel. Rotate hands it to OpenCV as it is, which takes
# one number for the first channel and 0 for the others: (128, 0, 0), dark blue in OpenCV's order. RandAugment without
# hparams, as in RandAugment(policies="timm_increasing"), turns faces in front of blue corners. A sequence, as
# MMPretrain's own configs give it, is taken as it is.
#
# Source: mmpretrain/datasets/transforms/auto_augment.py, Rotate and AutoAugment's hparams; mmcv/image/geometric.py,
# imrotate and imshear.
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

import numpy as np
from mmpretrain.datasets.transforms import Rotate, Shear, Translate

face = np.full((48, 48, 3), 200, np.uint8)
always = {"prob": 1., "random_negative_prob": 0.}
filled = {}
for transform in Rotate(angle=30., **always), Shear(magnitude=.3, **always), Translate(magnitude=.3, **always):
    filled[type(transform).__name__] = transform({"img": face})["img"][-1, 0].tolist()
for name, pixel in filled.items():
    print(f"seen: {name}, the corner below on the left: {pixel}")
sys.exit(filled != {"Rotate": [128, 0, 0], "Shear": [128] * 3, "Translate": [128] * 3})
PROBE
grep -o "seen: .*" "$dir/out"
