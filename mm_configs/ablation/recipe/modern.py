# The modern recipe: the distribution of the votes, Muon, all augmentation; the last weights as they are.
_base_ = '../short.py'
