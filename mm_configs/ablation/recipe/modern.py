# The modern recipe: the distribution of the votes, Muon, averaged weights, all augmentation.
_base_ = '../short.py'
