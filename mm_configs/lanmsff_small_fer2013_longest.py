# Twenty-two passes more, from half the rate again; a quarter of the faces are moved.
_base_ = 'lanmsff_small_fer2013_longer.py'
load_from = 'work_dirs/lanmsff_small_fer2013_longer/epoch_22.pth'

model = dict(data_preprocessor=dict(augment=dict(moved=0.25)))
