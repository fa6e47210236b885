# The whole network, under the short schedule that every variant here gets.
_base_ = '../lanmsff_ferplus_modern.py'
