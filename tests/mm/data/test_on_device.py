"""A split on the device holds what the data set gives one by one."""
import pytest
import torch
from mmengine.registry import DATASETS, init_default_scope

from lanmsff_plugins.base.errors import ConfigError
from lanmsff_plugins.mm.data.on_device import DeviceSplit, Indices


def build(data_root, **settings):
    init_default_scope("mmpretrain")
    return DATASETS.build({"type": "lanmsff_plugins.FERPlus", "data_root": str(data_root), "indices": 40,
                           "pipeline": [dict(type="PackInputs")], **settings})


@pytest.mark.parametrize("mode", ["majority", "cross-entropy"])
@pytest.mark.parametrize("wrapper", [
    None, dict(type="RepeatDataset", times=2), dict(type="ClassBalancedDataset", oversample_thr=0.2)])
def test_a_batch_is_what_the_data_set_gives(drawn_faces, mode, wrapper):
    dataset = build(drawn_faces, mode=mode)
    if wrapper:
        dataset = DATASETS.build({**wrapper, "dataset": dataset})
    indices = torch.tensor([len(dataset) - 1, 0, 7])
    pixels, targets = DeviceSplit(dataset, "cpu").take(indices)
    for i, image, target in zip(indices.tolist(), pixels, targets):
        item = dataset[i]
        sample = item["data_samples"]
        assert torch.equal(image, item["inputs"]) and image.dtype is torch.uint8
        assert torch.equal(target, sample.gt_score if "gt_score" in sample else sample.gt_label[0])


def test_drawn_labels_are_drawn_anew_from_the_votes(drawn_faces):
    torch.manual_seed(0)
    split = DeviceSplit(build(drawn_faces, mode="probability"), "cpu")
    indices = torch.arange(40)
    drawn = torch.stack([split.take(indices)[1] for _ in range(400)])
    assert (drawn.sum(2) == 1).all() and ((drawn == 0) | (drawn == 1)).all()
    assert (drawn.mean(0) - split.targets / split.targets.sum(1, keepdim=True)).abs().max() < 0.15


def test_labels_are_drawn_as_by_torch_multinomial(drawn_faces):
    split, indices = DeviceSplit(build(drawn_faces, mode="probability"), "cpu"), torch.arange(40)
    torch.manual_seed(0)
    ours = split.take(indices)[1].argmax(1)
    torch.manual_seed(0)
    assert torch.equal(ours, torch.multinomial(split.targets, 1)[:, 0]) and len(ours.unique()) > 2


@pytest.mark.parametrize(("settings", "message"), [
    (dict(pipeline=[dict(type="lanmsff_plugins.ResizeFace"), dict(type="PackInputs")]), "has transforms of single"),
    (dict(type="CIFAR10", split="train", download=False, lazy_init=True), "CIFAR10 is no data set of this package")])
def test_what_needs_work_on_single_pictures_is_refused(drawn_faces, settings, message):
    with pytest.raises(ConfigError, match=f"^the training data cannot be kept on the device: .*{message}"):
        DeviceSplit(build(drawn_faces, **settings), "cpu")


def test_a_loader_of_indices_gives_each_batch_as_one_tensor(drawn_faces):
    dataset = build(drawn_faces)
    loader = torch.utils.data.DataLoader(Indices(dataset), 16, collate_fn=lambda batch: batch)
    assert [batch.tolist() for batch in loader] == [list(range(16)), list(range(16, 32)), list(range(32, 40))]
    assert Indices(dataset).metainfo == dataset.metainfo
