# FER-2013, whose batches are augmented by the preprocessor. Its labels are often wrong, so they are smoothed.
_base_ = 'fer2013.py'

train_pipeline = [dict(type='PackInputs')]
train_dataloader = dict(batch_size=64, dataset=dict(versions=1, pipeline=train_pipeline))
loss = dict(type='LabelSmoothLoss', label_smooth_val=0.1, mode='original', _delete_=True)
