# No face partly covered.
_base_ = 'modern.py'
model = dict(data_preprocessor=dict(augment=dict(erase=0.)))
