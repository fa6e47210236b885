# LANMSFF on drawn faces (lanmsff draw data/synthetic) in two minutes on two cores; `make quickstart` runs it.
_base_ = 'lanmsff_ferplus_modern.py'

data_root = 'data/synthetic'
test_pipeline = [dict(type='PackInputs', meta_keys=['sample_idx', 'row', 'name', 'view'])]
train_dataloader = dict(batch_size=32, dataset=dict(data_root=data_root, mode='majority'))
val_dataloader = dict(dataset=dict(data_root=data_root, pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(data_root=data_root, pipeline=test_pipeline))

# Faces are only mirrored and shifted a little, and first seen at 32 pixels, at less than half the cost of their 48.
model = dict(
    data_preprocessor=dict(augment=dict(
        size=48, early_sizes=[(0.7, 32)], degrees=0., scale=0., translate=0.02, brightness=0., contrast=0., erase=0.)),
    backbone=dict(drop_rate=0.))

# So few steps suit Adam better than Muon, and an average of the weights would have the first ones in it.
optim_wrapper = dict(optimizer=dict(_delete_=True, type='Adam', lr=2e-3, weight_decay=0.))
param_scheduler = [dict(type='CosineAnnealingLR', eta_min=1e-6, by_epoch=True, convert_to_iter_based=True)]
custom_hooks = [dict(type='lanmsff_plugins.CleanCheckpointHook')]
train_cfg = dict(max_epochs=5, val_interval=5)
default_hooks = dict(logger=dict(interval=20))
expected = 'accuracy/top1 about 86 on drawn faces, 12.5 by chance'
