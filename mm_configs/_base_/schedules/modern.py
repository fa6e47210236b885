# Muon, a short warm-up, three cosines down to nothing, each longer than the last, an average of the weights.
optim_wrapper = dict(
    # From timm 1.0.21 on; with an older one, take AdamW as in ablation/recipe/adamw.py.
    optimizer=dict(type='lanmsff_plugins.Muon', lr=1e-2, weight_decay=0.02, nesterov=True),
    paramwise_cfg=dict(norm_decay_mult=0., bias_decay_mult=0.))
param_scheduler = [
    # First, for it sets the rate where a cosine starts, and the warm-up then lowers it.
    dict(
        type='CosineRestartLR', eta_min=1e-6, periods=[16, 20, 28], restart_weights=[1., 1., 1.], by_epoch=True,
        convert_to_iter_based=True),
    dict(type='LinearLR', start_factor=0.05, by_epoch=False, end=200),
]
custom_hooks = [
    dict(type='lanmsff_plugins.CleanCheckpointHook'),
    dict(type='EMAHook', ema_type='lanmsff_plugins.ExponentialMovingAverage', momentum=4e-3, update_buffers=True),
]

train_cfg = dict(by_epoch=True, max_epochs=64, val_interval=4)
val_cfg = dict()
test_cfg = dict()
auto_scale_lr = dict(base_batch_size=64)
