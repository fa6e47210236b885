# FER-2013 by today's means; its labels are often wrong, so they are smoothed.
_base_ = [
    '_base_/models/lanmsff_modern.py', '_base_/datasets/fer2013.py', '_base_/schedules/modern.py',
    '_base_/default_runtime.py'
]

model = dict(
    data_preprocessor=dict(num_classes=7),
    head=dict(num_classes=7, loss=dict(type='LabelSmoothLoss', label_smooth_val=0.1, mode='original', _delete_=True)))

train_pipeline = [dict(type='PackInputs')]
train_dataloader = dict(batch_size=64, dataset=dict(versions=1, pipeline=train_pipeline))

default_hooks = dict(checkpoint=dict(save_best='accuracy/top1', rule='greater'))
