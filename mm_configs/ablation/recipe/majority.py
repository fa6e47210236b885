# The class with most votes as the target.
_base_ = 'modern.py'
train_dataloader = dict(dataset=dict(mode='majority'))
