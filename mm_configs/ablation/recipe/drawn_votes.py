# One vote drawn anew each time as the target.
_base_ = 'modern.py'
train_dataloader = dict(dataset=dict(mode='probability'))
