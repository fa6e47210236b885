# KDEF: the middle square of the photographs, in ten folds by person.
_base_ = 'fer2013.py'

cut = [dict(type='CenterCrop', crop_size=562), dict(type='lanmsff_plugins.ResizeFace', scale=64)]
train_pipeline = [*cut, dict(type='lanmsff_plugins.FourVersions'), dict(type='PackInputs')]
test_pipeline = [
    dict(type='lanmsff_plugins.ToGray'),  # for the inferencer, which reads files as BGR
    *cut,
    dict(type='PackInputs', meta_keys=['sample_idx', 'row', 'name', 'view'])
]

dataset = dict(type='lanmsff_plugins.KDEF', data_root='data/kdef', folds=10, fold=0, split_by='person')
train_dataloader = dict(dataset=dict(**dataset, pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(**dataset, pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(**dataset, pipeline=test_pipeline))
