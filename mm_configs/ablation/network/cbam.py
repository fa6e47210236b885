# CBAM, channel and then spatial attention, in MassAtt's place.
_base_ = 'lanmsff.py'
model = dict(backbone=dict(attn_cfg=dict(type='lanmsff_plugins.TimmAttention', name='cbam')))
