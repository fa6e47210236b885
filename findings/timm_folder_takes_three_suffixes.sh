#!/usr/bin/env bash
# timm 1.0.31, MMPretrain 1.2.0, torchvision 0.29.1: of one folder they take 6, 14 and 18 of 20 pictures.
#
# One would guess: a folder of pictures by class is all its pictures, for each library that reads pictures by Pillow or
# OpenCV; what is left out is named.
#
# What happens: each has a list of suffixes and passes over the rest without a word. timm's has .png, .jpg and .jpeg: of
# JAFFE's TIFF files it sees none, of a folder of photographs and scans the photographs. MMPretrain's has .tif and not
# .tiff, nor .webp; only a class that ends up empty is named. Neither number of pictures tells. timm takes more after
# timm.data.readers.img_extensions.add_img_extensions, MMPretrain by its argument extensions.
#
# Source: timm/data/readers/img_extensions.py; mmpretrain/datasets/custom.py, CustomDataset(extensions=...);
# torchvision/datasets/folder.py, IMG_EXTENSIONS.
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.14.1 torchvision==0.29.1 timm==1.0.31 mmpretrain==1.2.0 \
    mmengine==0.10.7 mmcv-lite==2.2.0 numpy==2.4.6 || exit 2
cd "$dir"
"$dir/env/bin/python" -W ignore - > out 2>&1 <<'PROBE' || { rc=$?; cat out >&2; exit $rc; }
import sys
from pathlib import Path

from mmpretrain.datasets import CustomDataset
from PIL import Image
from timm.data import create_dataset
from torchvision.datasets import ImageFolder

for folder in ("faces/happy", "faces/sad"):
    Path(folder).mkdir(parents=True)
    for suffix in "jpg jpeg png bmp tif tiff webp gif pgm ppm".split():
        Image.new("L", (48, 48)).save(f"{folder}/face.{suffix}")
by_timm, by_mm, by_torchvision = create_dataset("", "faces"), CustomDataset(data_root="faces"), ImageFolder("faces")
found = {
    "timm": [by_timm.filename(i) for i in range(len(by_timm))],
    "MMPretrain": [by_mm.get_data_info(i)["img_path"] for i in range(len(by_mm))],
    "torchvision": [path for path, _ in by_torchvision.samples],
}
for library, paths in found.items():
    print(f"{library} takes {len(paths)} of 20:", *sorted({Path(path).suffix for path in paths}))
sys.exit([len(paths) for paths in found.values()] != [6, 14, 18])
PROBE
grep " takes " out
