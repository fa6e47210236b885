# The authors' momentum of the batch norms' statistics, 0.01.
_base_ = 'modern.py'
model = dict(backbone=dict(norm_cfg=dict(momentum=0.01)))
