# ResNet-18 of timm, on faces enlarged to 96 pixels: a teacher for lanmsff_fer2013_distilled.py.
_base_ = 'lanmsff_fer2013_modern.py'
model = dict(
    data_preprocessor=dict(augment=dict(size=96, early_sizes=[])),
    backbone=dict(_delete_=True, type='TIMMBackbone', model_name='resnet18', in_channels=1),
    neck=dict(_delete_=True, type='GlobalAveragePooling'),
    head=dict(in_channels=512))

test_pipeline = [
    dict(type='lanmsff_plugins.ToGray'),  # for the inferencer, which reads files as BGR
    dict(type='lanmsff_plugins.ResizeFace', scale=96),
    dict(type='PackInputs', meta_keys=['sample_idx', 'row', 'name', 'view']),
]
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))

train_cfg = dict(max_epochs=16)  # the first of the cosines
