# LANMSFF on KDEF with a branch that tells the views of the head apart, after PARFormer (arXiv:2304.07230). The loss
# makes embeddings separable by view, not invariant to it, so its gradient stays in the branch. It needs the extra
# `metric`.
_base_ = 'lanmsff_kdef.py'

model = dict(head=dict(
    type='lanmsff_plugins.BranchHead', channels=5, views=['FL', 'HL', 'S', 'HR', 'FR'],
    branch_loss=dict(type='lanmsff_plugins.ViewContrastiveLoss', temperature=0.1)))
train_pipeline = [
    dict(type='CenterCrop', crop_size=562),
    dict(type='lanmsff_plugins.ResizeFace', scale=64),
    dict(type='lanmsff_plugins.FourVersions'),  # the mirror image has the opposite view
    dict(type='PackInputs', meta_keys=['sample_idx', 'view']),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
