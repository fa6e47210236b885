# The authors' dropout of 0.4.
_base_ = 'modern.py'
model = dict(backbone=dict(drop_rate=0.4))
