# lanmsff_ferplus.py on drawn faces (python -m lanmsff_plugins.data.synthetic data/synthetic), for a few epochs.
# It uses what every machine has; `make quickstart` runs it.
_base_ = 'lanmsff_ferplus.py'

data_root = 'data/synthetic'
train_dataloader = dict(dataset=dict(data_root=data_root))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))

train_cfg = dict(max_epochs=3)
default_hooks = dict(logger=dict(interval=20))
