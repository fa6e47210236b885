# The fusion without a selection: all channels of all blocks.
_base_ = 'lanmsff.py'
model = dict(neck=dict(select_cfg=dict(type='lanmsff_plugins.AllChannels')), head=dict(in_channels=300))
