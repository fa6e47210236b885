# The authors' recipe on FER-2013 (paper: 70.44 % on PrivateTest).
_base_ = [
    '_base_/models/lanmsff.py', '_base_/datasets/fer2013.py', '_base_/schedules/authors.py',
    '_base_/default_runtime.py'
]

model = dict(data_preprocessor=dict(num_classes=7), head=dict(num_classes=7))
