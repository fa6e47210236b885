# The small network at the 48 pixels that the faces of FER-2013 have, and at 40 for the first two fifths. It is far from
# knowing its training faces by heart, so nothing is dropped.
_base_ = 'lanmsff_modern.py'
model = dict(
    data_preprocessor=dict(augment=dict(early_sizes=[(0.4, 40)], size=48)),
    backbone=dict(channels=(30, 36, 42, 48), drop_rate=0.),
    neck=dict(in_channels=[30, 36, 42, 48]),
    head=dict(in_channels=84))
