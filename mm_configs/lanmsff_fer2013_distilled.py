# The modern recipe with a teacher beside the labels: predictions of resnet18_fer2013.py for the training faces. They
# say how sure one can be of a label; no further smoothing.
_base_ = 'lanmsff_fer2013_modern.py'
model = dict(head=dict(loss=dict(type='CrossEntropyLoss', _delete_=True)))
train_dataloader = dict(dataset=dict(teacher='work_dirs/resnet18_fer2013/train_mirror.npz'))
