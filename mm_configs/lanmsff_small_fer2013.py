# The small network on FER-2013. It starts from what it has learned on FERPlus, whose labels of the same faces have
# fewer errors, and learns the classifier anew: thirty passes in one cosine. It never knows its training faces by heart,
# so they are moved and relit mildly, and not covered. The teacher says how sure one can be of a label; no further
# smoothing. Its file is written by
#     lanmsff test lanmsff_fer2013_distilled lanmsff://lanmsff_fer2013 --split train --mirror \
#         --work-dir work_dirs/teacher_fer2013
_base_ = [
    '_base_/models/lanmsff_small.py', '_base_/datasets/fer2013_modern.py', '_base_/schedules/modern_short.py',
    '_base_/modern_runtime.py'
]
model = dict(
    data_preprocessor=dict(
        num_classes=7,
        augment=dict(degrees=10., scale=0.1, translate=0.05, brightness=0.1, contrast=0.1, erase=0.)),
    backbone=dict(
        init_cfg=dict(type='Pretrained', checkpoint='lanmsff://lanmsff_small_ferplus', prefix='backbone.')),
    head=dict(num_classes=7))
test_pipeline = _base_.test_pipeline
test_pipeline[1].update(scale=48)
train_dataloader = dict(dataset=dict(teacher='work_dirs/teacher_fer2013/train_mirror.npz'))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))

param_scheduler = _base_.param_scheduler
param_scheduler[0].update(periods=[30], restart_weights=[1.])
train_cfg = dict(max_epochs=30, val_interval=2)
