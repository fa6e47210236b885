#!/usr/bin/env bash
# MMEngine 0.10.7: subsets of a data set share one pipeline, and an earlier subset stands in for a whole data set.
#
# One would guess: BaseDataset.get_subset returns "a complete copy", as the documentation of BaseDataset says: the
# pipeline of the validation part can be changed without the training part's.
#
# What happens: all calls in a process share one memo of copy.deepcopy, keyed by the addresses of objects. A second
# subset of a data set gets the attributes copied for the first, so taking the augmentation out of one takes it out of
# both. The memo also keeps each subset, for good, under the address of its data set: where another data set refers to
# that one, its subsets refer to the subset instead. Once the first is freed, that can befall any object that comes to
# lie at its address. MMPretrain's KFoldDataset takes its folds with get_subset.
#
# Source: mmengine/dataset/base_dataset.py, BaseDataset._copy_without_annotation(self, memo=dict()).
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.13.0 mmengine==0.10.7 numpy==2.4.6 || exit 2
"$dir/env/bin/python" -W ignore - <<'PROBE'
import sys

from mmengine.dataset import BaseDataset


class Faces(BaseDataset):
    def load_data_list(self):
        return [{"face": number} for number in range(10)]


class Pairs(Faces):
    def __init__(self, references):
        self.references = references
        super().__init__()


class Augment:
    def __call__(self, face):
        return {**face, "augmented": True}


whole = Faces(pipeline=[Augment()])
train, val = whole.get_subset(8), whole.get_subset(-2)
val.pipeline.transforms.clear()
print("after the augmentation was taken out of val, train gives:", train[0])
print("and the whole set, of which train is a copy:             ", whole[0])

references = Faces(data_root="now")
shown = references.get_subset(2)
pairs = Pairs(references)
part = pairs.get_subset(5)
print("references of the pairs:", len(pairs.references), "and of a subset of the pairs:", len(part.references))

freed = 0
for _ in range(20):
    Faces(data_root="earlier").get_subset(2)
    freed += Pairs(Faces(data_root="now")).get_subset(5).references.data_root == "earlier"
print("of 20 subsets of pairs,", freed, "refer to a data set that was freed before")
shared = "augmented" in whole[0] and "augmented" not in train[0]
sys.exit(not (shared and len(pairs.references) == 10 and len(part.references) == 2))
PROBE
