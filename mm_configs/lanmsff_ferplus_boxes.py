# For faces that a detector cuts out: eight more passes of the packaged weights, with themselves as the teacher, over
# faces that are shifted by up to 15 % of their side and scaled by up to 20 %. The teacher's file is written by
#     lanmsff test lanmsff_ferplus_distilled lanmsff://lanmsff_ferplus --split train --mirror \
#         --work-dir work_dirs/lanmsff_ferplus
_base_ = 'lanmsff_ferplus_modern.py'
load_from = 'lanmsff://lanmsff_ferplus'

model = dict(data_preprocessor=dict(augment=dict(scale=0.2, translate=0.15, early_sizes=[(0.6, 48)])))
train_dataloader = dict(dataset=dict(teacher='work_dirs/lanmsff_ferplus/train_mirror.npz'))
optim_wrapper = dict(optimizer=dict(lr=4e-3))

param_scheduler = _base_.param_scheduler
param_scheduler[0].update(periods=[8], restart_weights=[1.])
train_cfg = dict(max_epochs=8, val_interval=1)
