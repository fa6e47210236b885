# The authors' schedule: Adam, the learning rate x 0.1 after 9 epochs without a better validation loss, the end after
# 14. Keras acts when the count of such epochs reaches its patience; torch's scheduler acts one later, so its is 8.
# It has no end of its own: MMEngine would put max_epochs there, and a run resumed for more epochs would keep the old.
optim_wrapper = dict(optimizer=dict(type='Adam', lr=1e-3, betas=(0.9, 0.999), eps=1e-7))
param_scheduler = dict(
    type='ReduceOnPlateauLR', monitor='cross_entropy', rule='less', factor=0.1, patience=8, threshold=1e-4,
    threshold_rule='abs', end=10**9)
custom_hooks = [
    dict(type='lanmsff_plugins.CleanCheckpointHook'),
    dict(type='lanmsff_plugins.EarlyStoppingHook', monitor='cross_entropy', rule='less', min_delta=0., patience=14),
]

train_cfg = dict(by_epoch=True, max_epochs=100, val_interval=1)
val_cfg = dict()
test_cfg = dict()
auto_scale_lr = dict(base_batch_size=32)
