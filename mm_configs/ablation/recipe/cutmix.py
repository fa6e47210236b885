# A rectangle of each face from another one.
_base_ = 'modern.py'
model = dict(data_preprocessor=dict(batch_augments=dict(augments=[dict(type='CutMix', alpha=1.)])))
