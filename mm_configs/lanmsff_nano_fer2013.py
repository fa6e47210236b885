# The nano network on FER-2013, by the recipe of lanmsff_small_fer2013.py in 24 passes.
_base_ = 'lanmsff_small_fer2013.py'

model = dict(
    backbone=dict(channels=(12, 18, 24, 30), init_cfg=dict(checkpoint='lanmsff://lanmsff_nano_ferplus')),
    neck=dict(in_channels=[12, 18, 24, 30]),
    head=dict(in_channels=48))

param_scheduler = _base_.param_scheduler
param_scheduler[0].update(periods=[24])
train_cfg = dict(max_epochs=24)
