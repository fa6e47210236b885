# The modern recipe with a teacher beside the labels: predictions of resnet18_ferplus.py for the training faces.
_base_ = 'lanmsff_ferplus_modern.py'
train_dataloader = dict(dataset=dict(teacher='work_dirs/resnet18_ferplus/train_mirror.npz'))
