# One cosine more than the modern recipe, with teachers beside the labels: what resnet18_ferplus.py and the modern
# recipe's own weights, each with the mirror image, say of the training faces.
_base_ = 'lanmsff_ferplus_modern.py'
load_from = 'work_dirs/lanmsff_ferplus_modern/epoch_64.pth'

model = dict(data_preprocessor=dict(augment=dict(early_sizes=[(0.4, 48)])))
train_dataloader = dict(dataset=dict(teacher=[
    'work_dirs/resnet18_ferplus/train_mirror.npz', 'work_dirs/lanmsff_ferplus_modern/train_mirror.npz']))

param_scheduler = _base_.param_scheduler
param_scheduler[0].update(periods=[16], restart_weights=[1.])
train_cfg = dict(max_epochs=16, val_interval=2)
