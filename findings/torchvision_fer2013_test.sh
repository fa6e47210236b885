#!/usr/bin/env bash
# torchvision 0.29.1: FER2013(split="test") is not the test set of the literature.
#
# One would guess: the 3,589 faces of PrivateTest, on which accuracies on FER-2013 are reported.
#
# What happens: PublicTest and PrivateTest together, 7,178 faces. Whoever chooses an epoch on PublicTest, as the
# challenge meant it, and tests with this split tests half on what was chosen by; and the figure is comparable with
# none. There is no split for validation.
#
# Source: torchvision/datasets/fer2013.py, FER2013.__init__: valid_keys = ("PublicTest", "PrivateTest"). (The file
# below is drawn, in the real one's format; its checksum is therefore not compared.)
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.14.1 torchvision==0.29.1 numpy==2.4.6 || exit 2
"$dir/env/bin/python" -W ignore - <<'PROBE'
import pathlib
import sys
import tempfile

from torchvision.datasets import FER2013

root = pathlib.Path(tempfile.mkdtemp())
(root / "fer2013").mkdir()
rows = [("Training", 10), ("PublicTest", 30), ("PrivateTest", 60)]
with open(root / "fer2013" / "fer2013.csv", "w") as file:
    print("emotion,pixels,Usage", file=file)
    for usage, grey in rows:
        print(f"3,{' '.join([str(grey)] * 48 * 48)},{usage}", file=file)

FER2013._RESOURCES = FER2013._RESOURCES | {"fer": ("fer2013.csv", None)}
usages = {grey: usage for usage, grey in rows}
found = {split: [usages[face.getpixel((0, 0))] for face, _ in FER2013(root, split)] for split in ("train", "test")}
print(found)
sys.exit(found != {"train": ["Training"], "test": ["PublicTest", "PrivateTest"]})
PROBE
