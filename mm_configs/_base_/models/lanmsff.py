# LANMSFF for eight classes; the weights carry over to timm's model by a rename (lanmsff_plugins.models.naming).
model = dict(
    type='ImageClassifier',
    data_preprocessor=dict(type='ClsDataPreprocessor', num_classes=8, mean=[0.], std=[255.], to_rgb=False),
    backbone=dict(type='lanmsff_plugins.LANMSFFBackbone', channels_last=True),
    neck=dict(type='lanmsff_plugins.FusionNeck', in_channels=[66, 72, 78, 84]),
    head=dict(
        type='LinearClsHead',
        num_classes=8,
        in_channels=156,
        loss=dict(type='CrossEntropyLoss'),
        init_cfg=dict(type='Xavier', layer='Linear', distribution='uniform')))
