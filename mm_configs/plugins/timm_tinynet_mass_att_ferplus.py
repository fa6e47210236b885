# timm's TinyNet-E through MMPretrain's TIMMBackbone, MassAtt in the place of each squeeze-and-excitation, on FERPlus.
_base_ = 'resnet18_mass_att_ferplus.py'

model = dict(
    backbone=dict(
        backbone=dict(_delete_=True, type='TIMMBackbone', model_name='tinynet_e', in_channels=1),
        plugins=[dict(cfg=dict(type='lanmsff_plugins.MassAtt'), replace='SqueezeExcite')]),
    head=dict(in_channels=1280))
