#!/usr/bin/env bash
# MMPretrain 1.2.0: the inferencer takes an array as BGR for the network and as RGB for the picture that it draws.
#
# One would guess: whichever order of channels ImageClassificationInferencer expects of an array, it is one order; a red
# face that is drawn red has been red to the network.
#
# What happens: the network's preprocessor swaps the channels of files and arrays alike (to_rgb=True), so arrays are
# BGR, as from OpenCV. With show_dir only what came from a file is swapped, so that the same array is drawn blue.
# Whoever goes by the drawing and hands over RGB asks the network about a face with red and blue exchanged.
#
# Source: mmpretrain/apis/image_classification.py, preprocess and visualize; ClsDataPreprocessor(to_rgb=True).
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.14.1 torchvision==0.29.1 mmpretrain==1.2.0 mmengine==0.10.7 \
    mmcv-lite==2.2.0 numpy==2.4.6 || exit 2
cd "$dir"
"$dir/env/bin/python" -W ignore - > out 2>&1 <<'PROBE' || { rc=$?; cat out >&2; exit $rc; }
import sys

import numpy as np
from mmengine.config import Config
from mmengine.model import BaseModule
from mmpretrain import ImageClassificationInferencer
from mmpretrain.registry import MODELS
from PIL import Image

seen = []


@MODELS.register_module()
class Note(BaseModule):
    def forward(self, pictures):
        seen.append([round(mean) for mean in pictures.mean((0, 2, 3)).tolist()])
        return pictures.mean((2, 3)),


inferencer = ImageClassificationInferencer(Config(dict(
    model=dict(type="ImageClassifier", backbone=dict(type="Note"), head=dict(
        type="LinearClsHead", num_classes=7, in_channels=3),
        data_preprocessor=dict(mean=[0] * 3, std=[1] * 3, to_rgb=True)),
    visualizer=dict(type="UniversalVisualizer"),
    test_dataloader=dict(dataset=dict(type="CustomDataset", pipeline=[
        dict(type="LoadImageFromFile"), dict(type="PackInputs")])))))
red = np.full((96, 96, 3), (0, 0, 200), np.uint8)  # in OpenCV's order
Image.fromarray(red[..., ::-1]).save("file.png")
for picture, drawn in (("file.png", "file.png"), (red, "0.png")):
    inferencer(picture, show_dir="shown")
    corner = np.asarray(Image.open(f"shown/{drawn}").convert("RGB"))[-1, -1].tolist()
    kind = "a file" if isinstance(picture, str) else "an array"
    print(f"seen: {kind}, RGB to the network {seen[-1]}, RGB in the drawing {corner}")
    seen.append(corner)
sys.exit(seen != [[200, 0, 0], [200, 0, 0], [200, 0, 0], [0, 0, 200]])
PROBE
grep -o "seen: .*" out
