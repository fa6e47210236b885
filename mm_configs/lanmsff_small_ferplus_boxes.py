# For faces that a detector cuts out: eight more passes of the small network's packaged weights over faces that are
# shifted by up to 15 % of their side and scaled by up to 20 %.
_base_ = 'lanmsff_small_ferplus.py'
load_from = 'lanmsff://lanmsff_small_ferplus'

model = dict(data_preprocessor=dict(augment=dict(scale=0.2, translate=0.15)))
optim_wrapper = dict(optimizer=dict(lr=4e-3))

param_scheduler = _base_.param_scheduler
param_scheduler[0].update(periods=[8], restart_weights=[1.])
train_cfg = dict(max_epochs=8, val_interval=2)
