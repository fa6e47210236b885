# LANMSFF for your own pictures of faces, fine-tuned from the packaged weights: a folder for each split, and in each a
# folder for each class. `lanmsff train own_images.py`
classes = ('anger', 'happiness', 'neutral', 'surprise')  # the names of the folders, in alphabetical order
data_root = 'faces'

model = dict(
    type='ImageClassifier',
    data_preprocessor=dict(type='ClsDataPreprocessor', num_classes=len(classes), mean=[0.], std=[255.], to_rgb=False),
    backbone=dict(  # the classifier is new, so only the backbone has weights to start from
        type='lanmsff_plugins.LANMSFFBackbone', channels_last=True,
        init_cfg=dict(type='Pretrained', checkpoint='lanmsff://lanmsff_ferplus', prefix='backbone.')),
    neck=dict(type='lanmsff_plugins.FusionNeck', in_channels=[66, 72, 78, 84]),
    head=dict(type='LinearClsHead', num_classes=len(classes), in_channels=156, loss=dict(type='CrossEntropyLoss')))

to_face = [
    dict(type='LoadImageFromFile'),
    dict(type='lanmsff_plugins.ToGray'),
    dict(type='lanmsff_plugins.ResizeFace', scale=64)]
train_pipeline = [*to_face, dict(type='RandomFlip', prob=0.5), dict(type='PackInputs')]
test_pipeline = [*to_face, dict(type='PackInputs')]

common = dict(type='CustomDataset', data_root=data_root, metainfo=dict(classes=classes))
train_dataloader = dict(
    batch_size=32, num_workers=2, sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(**common, data_prefix='train', pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=128, num_workers=2, sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(**common, data_prefix='val', pipeline=test_pipeline))
test_dataloader = dict(
    batch_size=128, num_workers=2, sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(**common, data_prefix='test', pipeline=test_pipeline))
val_evaluator = test_evaluator = [dict(type='Accuracy', topk=1)]

optim_wrapper = dict(optimizer=dict(type='AdamW', lr=1e-3, weight_decay=0.02))
param_scheduler = [dict(type='CosineAnnealingLR', eta_min=1e-6, by_epoch=True, convert_to_iter_based=True)]
train_cfg = dict(by_epoch=True, max_epochs=20, val_interval=1)
val_cfg = dict()
test_cfg = dict()

default_scope = 'mmpretrain'
default_hooks = dict(
    timer=dict(type='IterTimerHook'), logger=dict(type='LoggerHook', interval=50),
    param_scheduler=dict(type='ParamSchedulerHook'), sampler_seed=dict(type='DistSamplerSeedHook'),
    checkpoint=dict(type='CheckpointHook', interval=1, max_keep_ckpts=1, save_best='accuracy/top1', rule='greater'))
randomness = dict(seed=0)
