# The best checkpoint is that of the highest accuracy.
_base_ = 'default_runtime.py'
default_hooks = dict(checkpoint=dict(save_best='accuracy/top1', rule='greater'))
