# A run of `lanmsff compare`, which fills in the host, the layer, the pictures and the number of epochs. No weights are
# chosen by the pictures that they are tested on: the last epoch's count.
custom_imports = dict(imports=['timm_registry'])  # LANMSFF as a host

model = dict(
    type='lanmsff_plugins.HostClassifier', host='resnet18', layer='none', after='', input_shape=(3, 128, 128),
    num_classes=2,
    data_preprocessor=dict(
        type='lanmsff_plugins.FacePreprocessor', num_classes=2, mean=[0.], std=[255.], to_rgb=False,
        augment=dict(
            type='lanmsff_plugins.FaceAugment', size=128, degrees=10., scale=0.1, translate=0.05, brightness=0.1,
            contrast=0.1, erase=0.)))

pipeline = [
    dict(type='lanmsff_plugins.ResizeFace', scale=128),
    dict(type='PackInputs', meta_keys=['sample_idx', 'row', 'name', 'view']),
]
train_dataloader = dict(
    batch_size=32, num_workers=0, drop_last=True,  # a batch of one picture has no statistics
    dataset=dict(type='lanmsff_plugins.ImageFolders', data_root='pictures', split='train', pipeline=pipeline),
    sampler=dict(type='DefaultSampler', shuffle=True))
test_dataloader = dict(
    batch_size=64, num_workers=0,
    dataset=dict(type='lanmsff_plugins.ImageFolders', data_root='pictures', split='val', pipeline=pipeline),
    sampler=dict(type='DefaultSampler', shuffle=False))
test_evaluator = [dict(type='Accuracy'), dict(type='lanmsff_plugins.ExpressionMetric')]

optim_wrapper = dict(
    optimizer=dict(type='AdamW', lr=1e-3, weight_decay=0.05),
    paramwise_cfg=dict(norm_decay_mult=0., bias_decay_mult=0.), clip_grad=dict(max_norm=5.))
param_scheduler = [dict(type='CosineAnnealingLR', eta_min=1e-6, by_epoch=True, convert_to_iter_based=True)]
train_cfg = dict(by_epoch=True, max_epochs=20)
test_cfg = dict()

default_scope = 'mmpretrain'
default_hooks = dict(
    timer=dict(type='IterTimerHook'), logger=dict(type='LoggerHook', interval=50),
    param_scheduler=dict(type='ParamSchedulerHook'), sampler_seed=dict(type='DistSamplerSeedHook'),
    checkpoint=dict(type='lanmsff_plugins.CheckpointHook', interval=1, max_keep_ckpts=1),
    epoch_seed=dict(type='lanmsff_plugins.EpochSeedHook', each_step=True),
    step_time=dict(type='lanmsff_plugins.StepTimeHook'),
    finite_loss=dict(type='lanmsff_plugins.FiniteLossHook'))
custom_hooks = [dict(type='lanmsff_plugins.CleanCheckpointHook')]
randomness = dict(seed=0)
