#!/usr/bin/env bash
# timm 1.0.31: in a folder of classes with folders inside, the innermost folder is the class.
#
# One would guess: happy/AF01/1.png and happy/AF02/1.png are of class "happy", as for torchvision's ImageFolder.
#
# What happens: the class is the folder that holds the file, so the persons are the classes: AF01 and AF02, each with
# happy and sad pictures in it. Training runs, and the number of classes looks plausible (KDEF, RAF-DB, anything
# sorted by class and then person, camera or batch).
#
# Source: timm/data/readers/reader_image_folder.py, find_images_and_targets: leaf_name_only=True, label =
# os.path.basename(rel_path). There is no argument for it in create_dataset.
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
from timm.data import create_dataset
from torchvision.datasets import ImageFolder

root = pathlib.Path(tempfile.mkdtemp())
for person in "AF01", "AF02":
    for expression in "happy", "sad":
        folder = root / expression / person
        folder.mkdir(parents=True)
        Image.new("L", (48, 48)).save(folder / "1.png")

timms, torchvisions = create_dataset("", str(root)), ImageFolder(str(root))
print("timm's classes:       ", timms.reader.class_to_idx)
print("torchvision's classes:", torchvisions.class_to_idx)
by_file = {pathlib.Path(path).relative_to(root).as_posix(): label for path, label in timms.reader.samples}
print("timm's labels:", by_file)
sys.exit(not (set(timms.reader.class_to_idx) == {"AF01", "AF02"} and set(torchvisions.classes) == {"happy", "sad"}))
PROBE
