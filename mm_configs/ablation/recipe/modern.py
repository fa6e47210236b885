# The modern recipe: the distribution of the votes, Muon, FaceAugment by its defaults; the last weights as they are.
_base_ = '../short.py'
