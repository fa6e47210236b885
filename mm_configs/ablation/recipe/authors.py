# The authors' recipe, at 64 pixels, each pass over the faces in one of its four versions; the best pass.
_base_ = '../../lanmsff_ferplus.py'
train_dataloader = dict(dataset=dict(versions=1))
train_cfg = dict(max_epochs=16)
