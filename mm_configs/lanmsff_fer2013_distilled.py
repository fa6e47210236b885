# The modern recipe with a teacher beside the labels: predictions of resnet18_fer2013.py for the training faces.
_base_ = 'lanmsff_fer2013_modern.py'
train_dataloader = dict(dataset=dict(teacher='work_dirs/resnet18_fer2013/train_mirror.npz'))
