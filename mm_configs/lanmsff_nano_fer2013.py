# The nano network on FER-2013. It starts from what it has learned on FERPlus, whose labels of the same faces have fewer
# errors, and learns the classifier anew: 24 passes in one cosine, with the teacher of lanmsff_small_fer2013.py. It
# never knows its training faces by heart, so they are moved and relit mildly, and not covered.
_base_ = 'lanmsff_small_fer2013.py'

model = dict(
    data_preprocessor=dict(augment=dict(
        degrees=10., scale=0.1, translate=0.05, brightness=0.1, contrast=0.1, erase=0.)),
    backbone=dict(
        channels=(12, 18, 24, 30),
        init_cfg=dict(type='Pretrained', checkpoint='lanmsff://lanmsff_nano_ferplus', prefix='backbone.')),
    neck=dict(in_channels=[12, 18, 24, 30]),
    head=dict(in_channels=48))

param_scheduler = _base_.param_scheduler
param_scheduler[0].update(periods=[24], restart_weights=[1.])
train_cfg = dict(max_epochs=24, val_interval=2)
custom_hooks = _base_.custom_hooks
custom_hooks[1].update(momentum=4e-3)
