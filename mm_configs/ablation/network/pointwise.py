# A learned 1x1 convolution to a third of the channels in PWFS's place.
_base_ = 'lanmsff.py'
model = dict(neck=dict(select_cfg=dict(type='lanmsff_plugins.Pointwise')))
