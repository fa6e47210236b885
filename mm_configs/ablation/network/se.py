# Squeeze and excitation as timm has it, to a sixteenth, in MassAtt's place.
_base_ = 'lanmsff.py'
model = dict(backbone=dict(attn_cfg=dict(type='lanmsff_plugins.TimmAttention', name='se')))
