"""Every data set goes where MMEngine's can: to spawned workers, through pickle, cut, repeated and joined."""
import pickle
from functools import partial

import numpy as np
import pytest
import torch
from mmengine.dataset import ClassBalancedDataset, ConcatDataset
from mmengine.registry import init_default_scope

from lanmsff_plugins.registry import DATASETS

PIPELINE = [dict(type="lanmsff_plugins.ToGray"), dict(type="Resize", scale=(32, 32)), dict(type="PackInputs")]
NAMES = ["FER2013", "FERPlus", "FERPlus by draws", "KDEF"]


def first(samples):  # a batch of one, as a spawned worker can find it by name
    return samples[0]


def build_one(name, faces, kdef, **kwargs):
    init_default_scope("mmpretrain")
    pipeline = [dict(type="LoadImageFromFile", color_type="grayscale"), *PIPELINE] if name == "KDEF" else PIPELINE
    return DATASETS.build({
        "FER2013": dict(type="lanmsff_plugins.FER2013", data_root=str(faces)),
        "FERPlus": dict(type="lanmsff_plugins.FERPlus", data_root=str(faces)),
        "FERPlus by draws": dict(type="lanmsff_plugins.FERPlus", data_root=str(faces), mode="probability"),
        "KDEF": dict(type="lanmsff_plugins.KDEF", data_root=str(kdef), folds=5)}[name]
        | {"pipeline": pipeline} | kwargs)


@pytest.fixture(params=NAMES)
def build(request, drawn_faces, drawn_kdef):
    """A function that builds one of the data sets."""
    return partial(build_one, request.param, drawn_faces, drawn_kdef)


def assert_same(left, right):
    assert torch.equal(left["inputs"], right["inputs"])
    assert left["data_samples"].metainfo["sample_idx"] == right["data_samples"].metainfo["sample_idx"]


def test_it_goes_through_pickle(build):
    dataset = build(indices=6)
    copy = pickle.loads(pickle.dumps(dataset))
    assert len(copy) == len(dataset) and copy.metainfo == dataset.metainfo
    for i in range(6):
        assert_same(copy[i], dataset[i])


def test_indices_choose_by_number_or_by_place(build):
    whole, few, some = build(), build(indices=3), build(indices=[5, 1])
    assert (len(few), len(some)) == (3, 2)
    assert torch.equal(few[2]["inputs"], whole[2]["inputs"])
    assert torch.equal(some[0]["inputs"], whole[5]["inputs"])
    assert torch.equal(whole.get_subset([5, 1])[1]["inputs"], whole[1]["inputs"])


def test_subsets_are_of_their_own_data_set_however_many_were_taken_before(drawn_faces):
    for i in range(30):  # the ids of former objects are used again
        dataset = build_one("FERPlus", drawn_faces, None, indices=8)
        subset = dataset.get_subset([i % 8])
        assert_same(subset[0] | {"data_samples": dataset[i % 8]["data_samples"]}, dataset[i % 8])
        assert len(subset) == 1
        del dataset, subset


def test_class_balanced_dataset_repeats_rare_classes(build):
    dataset = build()
    labels = np.array(dataset.get_gt_labels())
    rare = np.bincount(labels)[np.bincount(labels) > 0].argmin()
    balanced = ClassBalancedDataset(dataset, oversample_thr=1.)
    counts = np.bincount([balanced.get_cat_ids(i)[0] for i in range(len(balanced))])
    share = counts / counts.sum() / np.maximum(np.bincount(labels) / len(labels), 1e-9)
    assert len(balanced) > len(dataset)
    assert share[np.flatnonzero(np.bincount(labels))[rare]] == share.max()
    assert balanced[len(balanced) - 1]["inputs"].shape == (1, 32, 32)


def test_concat_dataset_joins_splits(build):
    parts = [build(split=split) for split in ("train", "val", "test")]
    joined = ConcatDataset(parts)
    assert len(joined) == sum(map(len, parts))
    assert torch.equal(joined[len(parts[0])]["inputs"], parts[1][0]["inputs"])
    assert torch.equal(joined[len(joined) - 1]["inputs"], parts[2][len(parts[2]) - 1]["inputs"])


def test_versions_follow_through_a_wrapper(build):
    dataset = build(versions=2, indices=4)
    joined = ConcatDataset([dataset, build(indices=4)])
    assert len(joined) == 12
    assert torch.equal(joined[5]["inputs"], dataset[1]["inputs"])


@pytest.mark.slow  # a spawned worker imports everything anew
def test_a_spawned_worker_gives_what_the_main_process_does(drawn_faces, drawn_kdef):
    joined = torch.utils.data.ConcatDataset([build_one(name, drawn_faces, drawn_kdef, indices=3) for name in NAMES])
    loader = torch.utils.data.DataLoader(joined, num_workers=1, multiprocessing_context="spawn", collate_fn=first)
    for i, sample in enumerate(loader):
        assert_same(sample, joined[i])
