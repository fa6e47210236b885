# FERPlus: the faces of FER-2013 with labels made of votes, by majority in all three splits.
_base_ = 'fer2013.py'

train_dataloader = dict(dataset=dict(type='lanmsff_plugins.FERPlus', mode='majority'))
val_dataloader = dict(dataset=dict(type='lanmsff_plugins.FERPlus'))
test_dataloader = dict(dataset=dict(type='lanmsff_plugins.FERPlus'))
