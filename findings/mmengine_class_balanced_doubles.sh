#!/usr/bin/env bash
# MMEngine 0.10.7: ClassBalancedDataset doubles a class that is one picture below the threshold.
#
# One would guess: repeat factors are proportional, as in the LVIS paper that it cites: sqrt(0.5 / 0.49) = 1.01, so
# hardly a change.
#
# What happens: factors are rounded up, so every class below the threshold is at least doubled. 51 and 49 pictures
# become 51 and 98: a set that was balanced is not, and the smaller class is now the larger by far.
#
# Source: mmengine/dataset/dataset_wrapper.py, ClassBalancedDataset.full_init: `math.ceil(repeat_factor)`. (LVIS,
# Detectron2's RepeatFactorTrainingSampler, rounds at random in proportion.)
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.13.0 mmengine==0.10.7 || exit 2
"$dir/env/bin/python" -W ignore - <<'PROBE'
import collections
import sys

from mmengine.dataset import BaseDataset, ClassBalancedDataset


class Labels(BaseDataset):
    def load_data_list(self):
        return [{"label": label} for label in [0] * 51 + [1] * 49]

    def get_cat_ids(self, index):
        return [self.get_data_info(index)["label"]]


balanced = ClassBalancedDataset(Labels(), oversample_thr=0.5)
before, after = ([collections.Counter(data["label"] for data in dataset)[label] for label in (0, 1)]
                 for dataset in (Labels(), balanced))
print("pictures of each class before:", before, "after balancing:", after)
sys.exit((before, after) != ([51, 49], [51, 98]))
PROBE
