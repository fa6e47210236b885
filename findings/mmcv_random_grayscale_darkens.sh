#!/usr/bin/env bash
# mmcv-lite 2.2.0: RandomGrayscale changes pictures that are grey already, and empties floats it does not draw.
#
# One would guess: it leaves a grey picture in three channels as it is, weighs the channels as every other conversion to
# grey does, and passes on what is not drawn.
#
# What happens: by default each channel has a third of the weight, and the sum is cut down to an integer, so that 42 of
# the 256 levels of grey become darker by one; with the usual weights 16 do. Pictures of floats between 0 and 1 become
# uint8, that is black, at a probability of 0 as well.
#
# Source: mmcv/transforms/processing.py, RandomGrayscale.transform.
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.14.1 torchvision==0.29.1 mmcv-lite==2.2.0 mmengine==0.10.7 \
    numpy==2.4.6 || exit 2
"$dir/env/bin/python" -W ignore - <<'PROBE'
import sys

import numpy as np
from mmcv.transforms import RandomGrayscale

levels = np.arange(256, dtype=np.uint8)
grey = np.stack([levels] * 3, axis=-1)[None]  # a picture of one row, BGR
darker = {}
for name, weights in {"default": None, "usual": (0.114, 0.587, 0.299)}.items():
    options = {"channel_weights": weights} if weights else {}
    made = RandomGrayscale(prob=1., **options)({"img": grey})["img"][0]
    darker[name] = int((made == levels - 1.).sum())
    print(f"{name} weights: {darker[name]} of 256 levels of grey are darker by one, the others as they were:",
          bool(((made == levels) | (made == levels - 1.)).all()))
colour = np.array([[[0, 0, 255]]], np.uint8)
red = int(RandomGrayscale(prob=1.)({"img": colour})["img"][0, 0])
print("pure red becomes", red, "where 0.299 of it is 76")
floats = RandomGrayscale(prob=0.)({"img": np.full((1, 1, 3), 0.9, np.float32)})["img"]
print("0.9 at a probability of 0 becomes", floats.dtype, floats.max())
sys.exit(not (darker == {"default": 42, "usual": 16} and red == 85 and floats.dtype == np.uint8 and floats.max() == 0))
PROBE
