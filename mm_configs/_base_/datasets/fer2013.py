# FER-2013 as the authors trained on it: four versions of each face, 64 x 64 pixels. The other data sets start here.
train_pipeline = [
    dict(type='lanmsff_plugins.ResizeFace', scale=64),
    dict(type='lanmsff_plugins.FourVersions'),
    dict(type='PackInputs'),
]
test_pipeline = [
    dict(type='lanmsff_plugins.ToGray'),  # for the inferencer, which reads files as BGR
    dict(type='lanmsff_plugins.ResizeFace', scale=64),
    dict(type='PackInputs', meta_keys=['sample_idx', 'row', 'name', 'view']),
]

train_dataloader = dict(
    batch_size=32,
    num_workers=1,
    dataset=dict(
        type='lanmsff_plugins.FER2013', data_root='data/fer2013', split='train', versions=4, pipeline=train_pipeline),
    sampler=dict(type='DefaultSampler', shuffle=True))
val_dataloader = dict(
    batch_size=128,
    num_workers=1,
    dataset=dict(type='lanmsff_plugins.FER2013', data_root='data/fer2013', split='val', pipeline=test_pipeline),
    sampler=dict(type='DefaultSampler', shuffle=False))
test_dataloader = dict(
    batch_size=128,
    num_workers=1,
    dataset=dict(type='lanmsff_plugins.FER2013', data_root='data/fer2013', split='test', pipeline=test_pipeline),
    sampler=dict(type='DefaultSampler', shuffle=False))

val_evaluator = [dict(type='Accuracy'), dict(type='lanmsff_plugins.CrossEntropy')]
test_evaluator = [*val_evaluator, dict(type='lanmsff_plugins.ExpressionMetric')]
