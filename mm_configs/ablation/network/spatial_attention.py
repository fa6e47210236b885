# MassAtt's spatial branch alone.
_base_ = 'lanmsff.py'
model = dict(backbone=dict(attn_cfg=dict(type='lanmsff_plugins.SpatialAtt')))
