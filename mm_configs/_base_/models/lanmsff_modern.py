# LANMSFF for short budgets: faces moved and relit batch by batch on the training device, most of the time at the 48
# pixels that they have, at 64 where each of the schedule's cosines ends (after passes 16, 36 and 64); less dropout, and
# statistics that follow faster.
_base_ = 'lanmsff.py'
model = dict(
    data_preprocessor=dict(
        type='lanmsff_plugins.FacePreprocessor',
        augment=dict(
            type='lanmsff_plugins.FaceAugment',
            early_sizes=[(0.195, 48), (0.25, 64), (0.495, 48), (0.5625, 64), (0.906, 48)])),
    backbone=dict(drop_rate=0.1, norm_cfg=dict(type='BN', eps=1e-3, momentum=0.1)))
