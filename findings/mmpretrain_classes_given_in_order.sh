#!/usr/bin/env bash
# MMPretrain 1.2.0: CustomDataset with classes of one's own gives the pictures other labels than the classes say.
#
# One would guess: metainfo=dict(classes=[...]) fixes the order: a picture in folder "happy" gets the index of "happy"
# in that list.
#
# What happens: labels are numbered by the alphabet of the folders, names are taken from the list, and only their
# number is compared. With classes=["neutral", "happy", "sad"] the folder happy is label 0, which the data set, the
# confusion matrix and the inferencer call "neutral". Accuracy on data read the same way does not show it.
#
# Source: mmpretrain/datasets/custom.py, CustomDataset._find_samples (folder_to_idx by find_folders; CLASSES only
# checked for its length).
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.14.1 torchvision==0.29.1 numpy==2.4.6 mmengine==0.10.7 \
    mmcv-lite==2.2.0 mmpretrain==1.2.0 einops==0.8.2 mat4py==0.6.0 modelindex==0.0.2 'setuptools<82' || exit 2
"$dir/env/bin/python" -W ignore - <<'PROBE'
import pathlib
import sys
import tempfile

from mmpretrain.datasets import CustomDataset
from PIL import Image

root = pathlib.Path(tempfile.mkdtemp())
for name in "happy", "neutral", "sad":
    (root / name).mkdir()
    Image.new("L", (48, 48)).save(root / name / "face.png")

dataset = CustomDataset(data_root=str(root), data_prefix="", metainfo=dict(classes=["neutral", "happy", "sad"]))
called = {}
for index in range(len(dataset)):
    face = dataset.get_data_info(index)
    called[pathlib.Path(face["img_path"]).parent.name] = dataset.metainfo["classes"][face["gt_label"]]
print("class_to_idx:", dataset.class_to_idx)
print("folder: what the data set calls its pictures:", called)
sys.exit(called != {"happy": "neutral", "neutral": "happy", "sad": "sad"})
PROBE
