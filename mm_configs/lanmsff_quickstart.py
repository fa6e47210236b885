# lanmsff_ferplus.py on drawn faces (lanmsff draw data/synthetic), for a few epochs.
# It uses what every machine has; `make quickstart` runs it.
_base_ = 'lanmsff_ferplus.py'

data_root = 'data/synthetic'
train_dataloader = dict(dataset=dict(data_root=data_root))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))

# The authors' batch norms follow so slowly (a momentum of 0.01) that some hundred steps leave them behind the weights.
model = dict(backbone=dict(norm_cfg=dict(type='BN', eps=1e-3, momentum=0.1)))
train_cfg = dict(max_epochs=3)
default_hooks = dict(logger=dict(interval=20))
