# FERPlus by today's means: vote distributions, faces moved and relit batch by batch, less dropout, statistics that
# follow faster, 48 pixels first and 64 then, AdamW with a cosine and averaged weights.
_base_ = [
    '_base_/models/lanmsff.py', '_base_/datasets/ferplus.py', '_base_/schedules/modern.py',
    '_base_/default_runtime.py'
]

model = dict(
    data_preprocessor=dict(
        type='lanmsff_plugins.FacePreprocessor',
        augment=dict(type='lanmsff_plugins.FaceAugment', early_size=48, early_share=0.65)),
    backbone=dict(drop_rate=0.1, norm_cfg=dict(type='BN', eps=1e-3, momentum=0.1)))

train_pipeline = [dict(type='PackInputs')]
train_dataloader = dict(dataset=dict(mode='cross-entropy', versions=1, pipeline=train_pipeline))

default_hooks = dict(checkpoint=dict(save_best='accuracy/top1', rule='greater'))
