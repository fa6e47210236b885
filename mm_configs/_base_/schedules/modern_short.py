# The modern schedule in thirty-six passes, two cosines.
_base_ = 'modern.py'
param_scheduler = _base_.param_scheduler
param_scheduler[0].update(periods=[16, 20], restart_weights=[1., 1.])
train_cfg = dict(max_epochs=36)
