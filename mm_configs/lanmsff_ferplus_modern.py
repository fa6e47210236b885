# FERPlus by today's means: the distribution of the votes as the target, Muon, cosines, averaged weights.
_base_ = [
    '_base_/models/lanmsff_modern.py', '_base_/datasets/ferplus_modern.py', '_base_/schedules/modern.py',
    '_base_/modern_runtime.py'
]
model = dict(data_preprocessor=dict(augment=_base_.augment))
