# ResNet-18 whose four scales are thinned out by PWFS and fused, on FERPlus. Three divides none of its channels:
# project=True puts a 1x1 convolution before the selection.
_base_ = 'resnet18_mass_att_ferplus.py'

model = dict(
    backbone=dict(_delete_=True, type='ResNet', depth=18, in_channels=1, out_indices=(0, 1, 2, 3)),
    neck=dict(
        _delete_=True,
        type='lanmsff_plugins.FusionNeck',
        in_channels=[64, 128, 256, 512],
        reductions=[4, 8, 16, 32],
        project=True,
        ceil_mode=True),
    head=dict(in_channels=22 + 43 + 86 + 512))
