# FER-2013 by today's means: smoothed labels, Muon, cosines, averaged weights.
_base_ = [
    '_base_/models/lanmsff_modern.py', '_base_/datasets/fer2013_modern.py', '_base_/schedules/modern.py',
    '_base_/modern_runtime.py'
]
model = dict(data_preprocessor=dict(num_classes=7), head=dict(num_classes=7, loss=_base_.loss))
