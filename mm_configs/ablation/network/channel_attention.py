# MassAtt's channel branch alone: squeeze and excitation to a quarter.
_base_ = 'lanmsff.py'
model = dict(backbone=dict(attn_cfg=dict(
    type='lanmsff_plugins.TimmAttention', name='se', rd_ratio=0.25, rd_divisor=1)))
