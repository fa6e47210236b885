# FERPlus by today's means: the distribution of the votes as the target, Muon, cosines, averaged weights.
_base_ = [
    '_base_/models/lanmsff_modern.py', '_base_/datasets/ferplus.py', '_base_/schedules/modern.py',
    '_base_/default_runtime.py'
]

# The network knows these labels as well on new faces as on those it learns from, nearly: it needs less of a challenge.
model = dict(data_preprocessor=dict(augment=dict(
    degrees=10., scale=0.1, translate=0.05, brightness=0.1, contrast=0.1)))

train_pipeline = [dict(type='PackInputs')]
train_dataloader = dict(batch_size=64, dataset=dict(mode='cross-entropy', versions=1, pipeline=train_pipeline))

default_hooks = dict(checkpoint=dict(save_best='accuracy/top1', rule='greater'))
