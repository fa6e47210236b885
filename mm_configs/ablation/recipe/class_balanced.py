# Faces of the rare classes more than once in an epoch.
_base_ = 'modern.py'
train_dataloader = dict(dataset=dict(
    _delete_=True, type='ClassBalancedDataset', oversample_thr=0.05, dataset={{_base_.train_dataloader.dataset}}))
