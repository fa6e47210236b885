# MMDetection's RetinaNet with MassAtt behind the last convolution of each block in the stages 2 to 4 of its ResNet-50,
# on COCO. Needs `mmdet` and mmcv before 2.2.
_base_ = 'mmdet::retinanet/retinanet_r50_fpn_1x_coco.py'

model = dict(backbone=dict(plugins=[
    dict(cfg=dict(type='lanmsff_plugins.MassAtt'), stages=(False, True, True, True), position='after_conv3')]))
