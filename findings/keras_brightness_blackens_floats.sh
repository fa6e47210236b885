#!/usr/bin/env bash
# Keras 3.15.1: brightness_range turns pictures between 0 and 1 black.
#
# One would guess: ImageDataGenerator(brightness_range=(0.8, 1.2)) makes pictures darker or lighter by up to a fifth,
# whether they are between 0 and 255 or between 0 and 1, as notebooks for FER-2013 prepare them.
#
# What happens: each picture goes through 8-bit integers. What lies between 0 and 1 is cut off to 0 there, but for
# exact ones; the batches are black, and training goes on with them. Rotation and shifts, which work in floating point,
# are not concerned.
#
# Source: keras/src/legacy/preprocessing/image.py, apply_brightness_shift: array_to_img scales only what is below 0 or
# above 255.
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

faces = np.random.default_rng(0).integers(20, 236, (64, 48, 48, 1)).astype("float32")
means = {}
for name, given in {"0 to 255": faces, "0 to 1": faces / 255}.items():
    generator = ImageDataGenerator(brightness_range=(0.8, 1.2))
    batch = next(generator.flow(given, batch_size=64, shuffle=False, seed=0))
    means[name] = batch.mean() / given.mean()
    print(f"pictures between {name}: mean {given.mean():.3f} before, {batch.mean():.3f} after")
sys.exit(not (0.8 < means["0 to 255"] < 1.2 and means["0 to 1"] == 0))
PROBE
