# Pairs of faces mixed.
_base_ = 'modern.py'
model = dict(data_preprocessor=dict(batch_augments=dict(augments=[dict(type='Mixup', alpha=0.2)])))
