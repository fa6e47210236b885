#!/usr/bin/env bash
# MMEngine 0.10.7: BaseDataElement.clone(), "deep copy the current data element", copies no tensor.
#
# One would guess: after b = a.clone(), changing b's tensors in place leaves a alone, as with torch's Tensor.clone and
# as the docstring says.
#
# What happens: the copy holds the same tensors, arrays and lists. A transform or a test-time augmentation that clones
# a sample, flips its boxes or normalises its scores in place, changes the original. DataSample of MMPretrain and
# InstanceData inherit it.
#
# Source: mmengine/structures/base_data_element.py, BaseDataElement.clone: set_data(dict(self.items())).
# copy.deepcopy(a) does what is meant.
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.13.0 mmengine==0.10.7 || exit 2
"$dir/env/bin/python" -W ignore - <<'PROBE'
import copy
import sys

import torch
from mmengine.structures import BaseDataElement

print("docstring:", BaseDataElement.clone.__doc__.strip().splitlines()[0])
original = BaseDataElement(scores=torch.tensor([1.0, 3.0]), metainfo=dict(sizes=[48, 48]))
deep = copy.deepcopy(original)
clone = original.clone()
clone.scores /= clone.scores.sum()
clone.sizes[0] = 64
print("original after the clone was changed:", original.scores.tolist(), original.sizes)
print("a deep copy made before:             ", deep.scores.tolist(), deep.sizes)
deep_by_name = BaseDataElement.clone.__doc__.strip().startswith("Deep copy")
sys.exit(not (deep_by_name and original.scores.tolist() == [0.25, 0.75] and deep.scores.tolist() == [1.0, 3.0]))
PROBE
