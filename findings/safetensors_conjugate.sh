#!/usr/bin/env bash
# safetensors 0.8.0 with PyTorch 2.13.0: save_file loses a pending conjugation or negation.
#
# One would guess: what is loaded equals what was saved, or a tensor that cannot be written as it is (as with shared
# or non-contiguous ones) is refused.
#
# What happens: z.conj() and the negation views that come of it share their numbers with z and carry a flag. They are
# contiguous, so safetensors writes the bytes beneath without the flag: the complex conjugate comes back unconjugated
# and the negated tensor with the wrong sign. torch.save keeps both.
#
# Source: safetensors/torch.py, which writes the storage's bytes and looks at layout, sharing and contiguity but not
# at is_conj() and is_neg(). `.resolve_conj()` and `.resolve_neg()` before saving avoid it.
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.13.0 numpy==2.4.6 safetensors==0.8.0 || exit 2
"$dir/env/bin/python" -W ignore - <<'PROBE'
import io
import sys

import torch
from safetensors.torch import load, save

spectrum = torch.tensor([1 + 2j, 3 + 4j]).conj()
# Scripted with public calls only: the imaginary part of a conjugate is a negation view; one element is contiguous.
negated = torch.tensor([5 + 7j]).conj().imag
saved = {"conjugate": spectrum, "negated": negated}
loaded = load(save(saved))
buffer = io.BytesIO()
torch.save(saved, buffer)
buffer.seek(0)
pickled = torch.load(buffer)
for name, tensor in saved.items():
    print(f"{name}: saved {tensor.tolist()}, safetensors {loaded[name].tolist()}, torch.save {pickled[name].tolist()}")
wrong = torch.equal(loaded["conjugate"], spectrum.conj()) and torch.equal(loaded["negated"], -negated)
sys.exit(not (wrong and all(torch.equal(pickled[name], saved[name]) for name in saved)))
PROBE
