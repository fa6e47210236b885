# The whole network.
_base_ = '../short.py'
