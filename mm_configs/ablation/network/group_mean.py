# The mean of the three groups in PWFS's place.
_base_ = 'lanmsff.py'
model = dict(neck=dict(select_cfg=dict(type='lanmsff_plugins.GroupMean')))
