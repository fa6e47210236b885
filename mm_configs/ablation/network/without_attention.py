# No attention in blocks 2 and 4.
_base_ = 'lanmsff.py'
model = dict(backbone=dict(attn_cfg=None))
