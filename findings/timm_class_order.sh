#!/usr/bin/env bash
# timm 1.0.31 and torchvision 0.29.1: the same folder of classes, other class indices.
#
# One would guess: a folder with a sub-folder a class has one numbering; a model trained by timm can be tested through
# torchvision's ImageFolder.
#
# What happens: timm sorts the folders' names by the numbers in them and without case, torchvision (and MMPretrain,
# Keras) by code points. Folders 1, 2, 10 are 0, 1, 2 for timm and 0, 2, 1 for torchvision; Happy, anger are 1, 0 and
# 0, 1. An accuracy measured across the two is of permuted classes.
#
# Source: timm/data/readers/reader_image_folder.py, find_images_and_targets, with natural_key of timm/utils/misc.py;
# torchvision/datasets/folder.py, find_classes.
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.14.1 torchvision==0.29.1 timm==1.0.31 || exit 2
"$dir/env/bin/python" -W ignore - <<'PROBE'
import pathlib
import sys
import tempfile

from PIL import Image
from timm.data import ImageDataset
from torchvision.datasets import ImageFolder

differ = []
for names in ("1", "2", "10"), ("Happy", "anger"), ("anger", "happy"):
    root = pathlib.Path(tempfile.mkdtemp())
    for name in names:
        (root / name).mkdir()
        Image.new("L", (48, 48)).save(root / name / "face.png")
    timms = ImageDataset(str(root)).reader.class_to_idx
    torchvisions = ImageFolder(str(root)).class_to_idx
    print("timm", timms, "torchvision", torchvisions)
    differ.append(timms != torchvisions)
sys.exit(differ != [True, True, False])
PROBE
