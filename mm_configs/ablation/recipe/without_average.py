# The last step's weights, not an average.
_base_ = 'modern.py'
custom_hooks = [dict(type='lanmsff_plugins.CleanCheckpointHook')]
