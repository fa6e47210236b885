# timm's ResNet-18 on faces enlarged to 96 pixels: a teacher. Another CNN of timm needs model_name and in_channels.
model = dict(
    type='ImageClassifier',
    data_preprocessor=dict(
        type='lanmsff_plugins.FacePreprocessor', num_classes=8, mean=[0.], std=[255.], to_rgb=False,
        augment=dict(type='lanmsff_plugins.FaceAugment', size=96)),
    backbone=dict(type='TIMMBackbone', model_name='resnet18', in_channels=1),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='LinearClsHead', num_classes=8, in_channels=512, loss=dict(type='CrossEntropyLoss'),
        init_cfg=dict(type='Xavier', layer='Linear', distribution='uniform')))
large_pipeline = [
    dict(type='lanmsff_plugins.ToGray'),  # for the inferencer, which reads files as BGR
    dict(type='lanmsff_plugins.ResizeFace', scale=96),
    dict(type='PackInputs', meta_keys=['sample_idx', 'row', 'name', 'view']),
]
