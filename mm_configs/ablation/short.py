# What all variants start from: the modern recipe on FERPlus in one short cosine, at the 48 pixels that the faces have,
# moved and relit by FaceAugment's defaults.
_base_ = '../lanmsff_ferplus_modern.py'

model = dict(data_preprocessor=dict(augment=dict(_delete_=True, type='lanmsff_plugins.FaceAugment', size=48)))
test_pipeline = [dict(type='PackInputs', meta_keys=['sample_idx', 'row', 'name', 'view'])]
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))

param_scheduler = [
    dict(type='LinearLR', start_factor=0.05, by_epoch=False, end=200),
    dict(type='CosineAnnealingLR', eta_min=1e-6, by_epoch=True, convert_to_iter_based=True),
]
custom_hooks = [dict(type='lanmsff_plugins.CleanCheckpointHook')]  # an average of few passes has the first ones in it
train_cfg = dict(max_epochs=16, val_interval=16)
