# The small network on FERPlus, with the packaged weights of the large one as the teacher: thirty-six passes in two
# cosines. The teacher's file is written by
#     lanmsff test lanmsff_ferplus_distilled lanmsff://lanmsff_ferplus --split train --mirror \
#         --work-dir work_dirs/teacher_ferplus
_base_ = [
    '_base_/models/lanmsff_small.py', '_base_/datasets/ferplus_modern.py', '_base_/schedules/modern_short.py',
    '_base_/modern_runtime.py'
]
model = dict(data_preprocessor=dict(augment=_base_.augment))
test_pipeline = _base_.test_pipeline
test_pipeline[1].update(scale=48)
train_dataloader = dict(dataset=dict(teacher='work_dirs/teacher_ferplus/train_mirror.npz'))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
