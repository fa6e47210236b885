# Mirrored, and otherwise as they are.
_base_ = 'modern.py'
model = dict(data_preprocessor=dict(augment=dict(
    degrees=0., scale=0., translate=0., brightness=0., contrast=0., erase=0.)))
