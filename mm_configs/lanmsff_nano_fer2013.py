# The nano network on FER-2013, from what it has learned on FERPlus, by the recipe of lanmsff_small_fer2013.py in
# forty passes, all at 48 pixels. It learns too little rather than too much: half of the faces are not moved.
_base_ = 'lanmsff_small_fer2013.py'

model = dict(
    data_preprocessor=dict(augment=dict(early_sizes=[], moved=0.5)),
    backbone=dict(channels=(12, 18, 24, 30), init_cfg=dict(checkpoint='lanmsff://lanmsff_nano_ferplus')),
    neck=dict(in_channels=[12, 18, 24, 30]),
    head=dict(in_channels=48))

param_scheduler = _base_.param_scheduler
param_scheduler[0].update(periods=[40])
train_cfg = dict(max_epochs=40, val_interval=4)
