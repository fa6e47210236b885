# MMDetection's RetinaNet with PWFS before each level of its FPN, on COCO. Needs `mmdet` and mmcv before 2.2.
_base_ = 'mmdet::retinanet/retinanet_r50_fpn_1x_coco.py'

model = dict(neck=dict(
    _delete_=True,
    type='lanmsff_plugins.SelectedPyramid',
    in_channels=[256, 512, 1024, 2048],
    project=True,  # none of them is a multiple of 3
    neck=dict(type='FPN', out_channels=256, start_level=1, add_extra_convs='on_input', num_outs=5)))
