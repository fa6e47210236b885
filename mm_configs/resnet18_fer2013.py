# A teacher for lanmsff_fer2013_distilled.py: the modern recipe's first cosine.
_base_ = [
    '_base_/models/resnet18.py', '_base_/datasets/fer2013_modern.py', '_base_/schedules/modern.py',
    '_base_/modern_runtime.py'
]
model = dict(data_preprocessor=dict(num_classes=7), head=dict(num_classes=7, loss=_base_.loss))
val_dataloader = dict(dataset=dict(pipeline=_base_.large_pipeline))
test_dataloader = dict(dataset=dict(pipeline=_base_.large_pipeline))
train_cfg = dict(max_epochs=16)
