# Twenty-two passes more, from half the rate; a quarter of the faces are moved.
_base_ = 'lanmsff_nano_ferplus_longer.py'
load_from = 'work_dirs/lanmsff_nano_ferplus_longer/epoch_40.pth'

model = dict(data_preprocessor=dict(augment=dict(moved=0.25)))

param_scheduler = _base_.param_scheduler
param_scheduler[0].update(periods=[22], restart_weights=[0.5])
train_cfg = dict(max_epochs=22)
