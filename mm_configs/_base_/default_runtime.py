default_scope = 'mmpretrain'
default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(type='lanmsff_plugins.CheckpointHook', interval=1, max_keep_ckpts=1, save_best='cross_entropy',
                    rule='less'),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    epoch_seed=dict(type='lanmsff_plugins.EpochSeedHook'),
    sync_buffers=dict(type='SyncBuffersHook'),  # processes end an epoch with the same statistics
    finite_loss=dict(type='lanmsff_plugins.FiniteLossHook'),
    visualization=dict(type='VisualizationHook', enable=False))
env_cfg = dict(
    cudnn_benchmark=True,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'))
vis_backends = [dict(type='LocalVisBackend')]
visualizer = dict(type='UniversalVisualizer', vis_backends=vis_backends)
log_level = 'INFO'
load_from = None
resume = False
randomness = dict(seed=0)
