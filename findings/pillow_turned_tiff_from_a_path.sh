#!/usr/bin/env bash
# Pillow 13.0.0: a grey TIFF that is to be turned has other pixels when it is opened by its path than from its bytes.
#
# One would guess: Image.open(path) and Image.open(io.BytesIO(content of path)) give the same picture, turned as the
# orientation tag says.
#
# What happens: from a stream it does. From a path, with an orientation that swaps the sides (5 to 8), the rows are
# mixed up: no pixel is lost, but they are not those of the turned picture, nor is its size, and nothing is said. Pillow
# maps an uncompressed picture of one byte a pixel into memory, where it has a path; it takes the rows to be as long as
# those of the turned picture, and turns that. A stream is decoded instead, by the stored size. Pillow 10.4 agrees with
# itself: there the size became that of the turned picture only once it was decoded.
#
# Source: TiffImagePlugin.TiffImageFile._setup, which swaps the sizes by the tag, and ImageFile.ImageFile.load, whose
# map_buffer takes self.size.
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile pillow==13.0.0 numpy==2.4.0 || exit 2
cd "$dir"
"$dir/env/bin/python" - <<'PROBE'
import io
import sys
from pathlib import Path

import numpy as np
import PIL
from PIL import Image

stored = np.arange(12, dtype=np.uint8).reshape(3, 4)
exif = Image.Exif()
exif[0x0112] = 6  # to be turned clockwise by a quarter
Image.fromarray(stored).save("face.tif", exif=exif)
upright = np.rot90(stored, -1)
by_path = np.array(Image.open("face.tif"))
by_stream = np.array(Image.open(io.BytesIO(Path("face.tif").read_bytes())))
print("Pillow", PIL.__version__)
print("stored:", stored.tolist())
print("from its bytes:", by_stream.tolist(), "upright" if np.array_equal(by_stream, upright) else "not upright")
print("by its path:", by_path.tolist(), "upright" if np.array_equal(by_path, upright) else "not upright")
sys.exit(not (np.array_equal(by_stream, upright) and not np.array_equal(by_path, upright)))
PROBE
