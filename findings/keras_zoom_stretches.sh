#!/usr/bin/env bash
# Keras 3.15.1: zoom_range=0.2 stretches faces by up to half, and a zoom of 1.2 makes them smaller.
#
# One would guess: ImageDataGenerator(zoom_range=0.2) scales a picture by a factor between 0.8 and 1.2, the same in
# height and width, and larger factors enlarge it.
#
# What happens: height and width have a factor each, drawn apart, so that a face becomes up to 1.5 times as wide for its
# height; and since the matrix leads from the new picture to the old, a factor of 1.25 makes it a fifth smaller. Who
# writes "scaled by 20 %" of a notebook for FER-2013, and repeats it with torchvision's scale=(0.8, 1.2), trains on
# other faces.
#
# Source: keras/src/legacy/preprocessing/image.py, ImageDataGenerator.get_random_transform (zx, zy) and
# apply_affine_transform.
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile keras==3.15.1 jax==0.10.2 numpy==2.4.6 scipy==1.17.1 pillow==12.1.0 \
    || exit 2
KERAS_BACKEND=jax "$dir/env/bin/python" -W ignore - <<'PROBE'
import sys

import numpy as np
from keras._tf_keras.keras.preprocessing.image import ImageDataGenerator

generator = ImageDataGenerator(zoom_range=0.2)
square = np.zeros((48, 48, 1), "float32")
square[14:34, 14:34] = 1
np.random.seed(0)
shapes = []
for _ in range(1000):
    picture = generator.random_transform(square)
    shapes.append(picture[24, :, 0].sum() / picture[:, 24, 0].sum())
zoomed = generator.apply_transform(square, {"zx": 1.25, "zy": 1.25})
print(f"a square of 20 pixels is after a zoom of 1.25 {zoomed[24, :, 0].sum():.0f} pixels wide")
print(f"its width over its height, of 1000 drawn zooms: {min(shapes):.2f} to {max(shapes):.2f}")
sys.exit(not (15.5 < zoomed[24, :, 0].sum() < 16.5 and min(shapes) < 0.72 and max(shapes) > 1.4))
PROBE
