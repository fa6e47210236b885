# MMPretrain's ResNet-18, which knows no plugins, with MassAtt behind the second convolution of every block, on FERPlus.
_base_ = ['../_base_/datasets/ferplus.py', '../_base_/schedules/authors.py', '../_base_/default_runtime.py']

model = dict(
    type='ImageClassifier',
    data_preprocessor=dict(type='ClsDataPreprocessor', num_classes=8, mean=[0.], std=[255.], to_rgb=False),
    backbone=dict(
        type='lanmsff_plugins.BackboneWithPlugins',
        backbone=dict(type='ResNet', depth=18, in_channels=1),
        plugins=[dict(cfg=dict(type='lanmsff_plugins.MassAtt'), after='layer*.?.bn2')],
        input_shape=(1, 64, 64)),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(type='LinearClsHead', num_classes=8, in_channels=512, loss=dict(type='CrossEntropyLoss')))
