# AdamW in Muon's place.
_base_ = 'modern.py'
optim_wrapper = dict(optimizer=dict(_delete_=True, type='AdamW', lr=2e-3, weight_decay=0.05))
