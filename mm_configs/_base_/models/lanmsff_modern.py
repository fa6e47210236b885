# LANMSFF for short budgets: faces moved and relit batch by batch on the training device, most of the time at the 48
# pixels that they have, at 64 where each of the schedule's two cosines ends (after passes 16 and 36); less dropout, and
# statistics that follow faster.
_base_ = 'lanmsff.py'
model = dict(
    data_preprocessor=dict(
        type='lanmsff_plugins.FacePreprocessor',
        augment=dict(type='lanmsff_plugins.FaceAugment', early_sizes=[(0.347, 48), (0.445, 64), (0.88, 48)])),
    backbone=dict(drop_rate=0.1, norm_cfg=dict(type='BN', eps=1e-3, momentum=0.1)))
