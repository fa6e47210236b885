# The small network on FER-2013, by the recipe of lanmsff_small_ferplus.py. The teacher says how sure one can be of a
# label; no further smoothing. Its file is written by
#     lanmsff test lanmsff_fer2013_distilled lanmsff://lanmsff_fer2013 --split train --mirror \
#         --work-dir work_dirs/teacher_fer2013
_base_ = [
    '_base_/models/lanmsff_small.py', '_base_/datasets/fer2013_modern.py', '_base_/schedules/modern_short.py',
    '_base_/modern_runtime.py'
]
model = dict(data_preprocessor=dict(num_classes=7), head=dict(num_classes=7))
test_pipeline = _base_.test_pipeline
test_pipeline[1].update(scale=48)
train_dataloader = dict(dataset=dict(teacher='work_dirs/teacher_fer2013/train_mirror.npz'))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))

custom_hooks = _base_.custom_hooks
custom_hooks[1].update(momentum=1e-3)  # an average of about two passes
