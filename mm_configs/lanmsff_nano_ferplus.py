# The nano network on FERPlus, by the recipe of the small one.
_base_ = 'lanmsff_small_ferplus.py'

model = dict(
    backbone=dict(channels=(12, 18, 24, 30)), neck=dict(in_channels=[12, 18, 24, 30]), head=dict(in_channels=48))
