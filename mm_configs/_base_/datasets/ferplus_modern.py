# FERPlus with the distribution of the votes as the target. Batches are augmented by the preprocessor, mildly: the
# network knows these labels nearly as well on new faces as on those that it learns from.
_base_ = 'ferplus.py'

train_pipeline = [dict(type='PackInputs')]
train_dataloader = dict(batch_size=64, dataset=dict(mode='cross-entropy', versions=1, pipeline=train_pipeline))
augment = dict(degrees=10., scale=0.1, translate=0.05, brightness=0.1, contrast=0.1)
