#!/usr/bin/env bash
# Keras 3.15.1: a generator's statistics are those of pictures without preprocessing_function.
#
# One would guess: after ImageDataGenerator(preprocessing_function=f, featurewise_center=True,
# featurewise_std_normalization=True).fit(x), batches have a mean of 0 and a deviation of 1, as they have with
# rescale=1/255.
#
# What happens: fit applies rescale, but not preprocessing_function, which the batches then go through before the mean
# and the deviation of the other pictures are applied. With f dividing by 255, a batch is the constant -1.7, give or
# take 0.004.
#
# Source: keras/src/legacy/preprocessing/image.py, ImageDataGenerator.fit and standardize.
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

faces = np.random.default_rng(0).integers(0, 256, (64, 48, 48, 1)).astype("float32")
found = {}
for name, scaled in {"rescale": dict(rescale=1 / 255),
                     "preprocessing_function": dict(preprocessing_function=lambda face: face / 255)}.items():
    generator = ImageDataGenerator(featurewise_center=True, featurewise_std_normalization=True, **scaled)
    generator.fit(faces)
    batch = next(generator.flow(faces, batch_size=64, shuffle=False))
    found[name] = batch.mean(), batch.std()
    print(f"divided by 255 by {name}: mean {found[name][0]:.3f}, deviation {found[name][1]:.4f}")
sys.exit(not (abs(found["rescale"][0]) < 1e-3 and abs(found["rescale"][1] - 1) < 1e-3
              and found["preprocessing_function"][0] < -1 and found["preprocessing_function"][1] < 0.01))
PROBE
