# The authors' recipe on FERPlus (paper: 86.96 % on PrivateTest).
_base_ = [
    '_base_/models/lanmsff.py', '_base_/datasets/ferplus.py', '_base_/schedules/authors.py',
    '_base_/default_runtime.py'
]
