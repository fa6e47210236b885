# No fusion: block 4 alone.
_base_ = 'lanmsff.py'
model = dict(
    backbone=dict(out_indices=(3,)), neck=dict(_delete_=True, type='GlobalAveragePooling'), head=dict(in_channels=84))
