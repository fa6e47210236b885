# Twenty-two passes more for the nano network on FER-2013, in one cosine from half the rate; a quarter of the faces are
# moved.
_base_ = 'lanmsff_nano_fer2013.py'
load_from = 'work_dirs/lanmsff_nano_fer2013/epoch_40.pth'

model = dict(data_preprocessor=dict(augment=dict(moved=0.25)), backbone=dict(init_cfg=None))

param_scheduler = _base_.param_scheduler
param_scheduler[0].update(periods=[22], restart_weights=[0.5])
train_cfg = dict(max_epochs=22)
