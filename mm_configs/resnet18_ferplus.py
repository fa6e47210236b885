# A teacher for lanmsff_ferplus_distilled.py: the modern recipe's first cosine.
_base_ = [
    '_base_/models/resnet18.py', '_base_/datasets/ferplus_modern.py', '_base_/schedules/modern.py',
    '_base_/modern_runtime.py'
]
model = dict(data_preprocessor=dict(augment=_base_.augment))
val_dataloader = dict(dataset=dict(pipeline=_base_.large_pipeline))
test_dataloader = dict(dataset=dict(pipeline=_base_.large_pipeline))
train_cfg = dict(max_epochs=16)
