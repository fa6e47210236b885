# Twenty-two passes more for the small network on FERPlus, in one cosine from half the rate, all at 48 pixels. It learns
# too little rather than too much: half of the faces are not moved.
_base_ = 'lanmsff_small_ferplus.py'
load_from = 'work_dirs/lanmsff_small_ferplus/epoch_36.pth'

model = dict(data_preprocessor=dict(augment=dict(early_sizes=[], moved=0.5)))

param_scheduler = _base_.param_scheduler
param_scheduler[0].update(periods=[22], restart_weights=[0.5])
train_cfg = dict(max_epochs=22, val_interval=2)
