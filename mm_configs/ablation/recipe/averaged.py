# An average of the weights, as the whole recipe has it.
_base_ = 'modern.py'
custom_hooks = [
    dict(type='lanmsff_plugins.CleanCheckpointHook'),
    dict(type='EMAHook', ema_type='lanmsff_plugins.ExponentialMovingAverage', momentum=4e-3, update_buffers=True),
]
