#!/usr/bin/env bash
# safetensors 0.8.0: the same weights with the same metadata are another file at each save.
#
# One would guess: equal tensors and equal metadata give equal bytes, so that a hash of the file tells whether weights
# have changed, as model cards, caches and registries take it; safetensors sorts the tensors for a fixed layout.
#
# What happens: the entries of the metadata are written in an order that changes from save to save, even within one
# process, as soon as there are two of them. Files without metadata, or with one entry, are the same each time.
#
# Source: the metadata are a HashMap in the Rust part (safetensors/src/tensor.rs), which Rust iterates in random order;
# tensors are sorted by type and name before they are written. Compare the header's numbers and the bytes behind it
# instead of the file, or keep all metadata in one entry.
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile numpy==2.4.6 safetensors==0.8.0 || exit 2
"$dir/env/bin/python" - <<'PROBE'
import sys
from hashlib import sha256

import numpy as np
from safetensors.numpy import load, save

tensors = {"head.weight": np.arange(6, dtype=np.float32).reshape(2, 3), "head.bias": np.zeros(2, np.float32)}
metadata = {"format": "np", "classes": "angry, happy", "input": "grey, 64x64", "licence": "research only"}
counts = {}
for entries in (0, 1, 4):
    chosen = dict(list(metadata.items())[:entries]) or None
    files = [save(tensors, chosen) for _ in range(40)]
    counts[entries] = len({sha256(file).hexdigest() for file in files})
    same = all(np.array_equal(load(file)[name], tensors[name]) for file in files for name in tensors)
    print(f"{entries} entries of metadata: {counts[entries]} different files of 40, the same tensors in all: {same}")
sys.exit(not (counts[0] == counts[1] == 1 and counts[4] > 1))
PROBE
