# MMSegmentation's FCN, an EncoderDecoder, with MassAtt behind the last convolution of each block in the stages 2 to 4
# of its ResNet-50, on Cityscapes. Needs `mmsegmentation` and mmcv before 2.2.
_base_ = 'mmseg::fcn/fcn_r50-d8_4xb2-40k_cityscapes-512x1024.py'

model = dict(backbone=dict(plugins=[
    dict(cfg=dict(type='lanmsff_plugins.MassAtt'), stages=(False, True, True, True), position='after_conv3')]))
