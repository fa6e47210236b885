"""Testing on a split looks through wrappers: the faces are those that are trained on, each once."""
import re

import numpy as np
import pytest
from mmengine.config import ConfigDict
from mmengine.registry import init_default_scope
from mmpretrain.registry import DATASETS

from lanmsff_plugins.base.errors import ConfigError
from lanmsff_plugins.mm.data.datasets import PictureDataset
from lanmsff_plugins.mm.data.wrappers import dataset_of_split, innermost, kind_of
from lanmsff_plugins.registry import DATASETS as OURS

from ...data.damage import spoil

init_default_scope("mmpretrain")
PIPELINE = [dict(type="PackInputs", meta_keys=["row"])]


@pytest.fixture(scope="module")
def faces(drawn_faces, tmp_path_factory):
    """A folder where one in nine faces has no majority."""
    folder = tmp_path_factory.mktemp("faces")
    (folder / "fer2013.csv").symlink_to(drawn_faces / "fer2013.csv")
    (folder / "fer2013new.csv").write_bytes((drawn_faces / "fer2013new.csv").read_bytes())
    spoil(folder / "fer2013new.csv", lambda lines: b"".join(
        re.sub(rb"(,\d+){10}$", b",5,5,0,0,0,0,0,0,0,0", line.rstrip()) + b"\n" if i % 9 == 1 else line
        for i, line in enumerate(lines)))
    return folder


def config(faces, train=None, test=None):
    """A config that trains by the distribution of the votes, two versions of each face, and tests by majority."""
    own = ConfigDict(type="lanmsff_plugins.FERPlus", data_root=str(faces), split="train", mode="cross-entropy",
                     versions=2, pipeline=[])
    tested = ConfigDict(type="lanmsff_plugins.FERPlus", data_root=str(faces), split="test", pipeline=PIPELINE)
    return ConfigDict(
        train_dataloader=dict(dataset=train(own) if train else own),
        val_dataloader=dict(dataset={**tested, "split": "val"}),
        test_dataloader=dict(dataset=test(tested) if test else tested))


def rows(dataset) -> list[int]:
    built = DATASETS.build(dataset)
    return [built[i]["data_samples"].row for i in range(len(built))]


def trained_rows(cfg) -> set[int]:
    built = DATASETS.build(cfg.train_dataloader.dataset)
    return {built.get_data_info(i)["row"] for i in range(len(built))}


def wrap(kind, **options):
    return lambda dataset: dict(type=kind, dataset=dataset, **options)


WRAPPERS = {
    "none": None, "balanced": wrap("ClassBalancedDataset", oversample_thr=.3),
    "repeated": wrap("RepeatDataset", times=3),
    "both": lambda own: wrap("RepeatDataset", times=2)(wrap("ClassBalancedDataset", oversample_thr=.3)(own)),
    "with scope": wrap("mmengine.RepeatDataset", times=2),
    "joined": lambda own: dict(type="ConcatDataset", datasets=[own, dict(own, split="val")]),
    "twice": lambda own: dict(type="ConcatDataset", datasets=[own, own]),
    "joined, repeated": lambda own: dict(type="ConcatDataset", datasets=[
        wrap("RepeatDataset", times=2)(own), dict(own, split="val")]),
    "a fold": lambda own: wrap("KFoldDataset", fold=1, num_splits=4, seed=3)(dict(own, versions=1)),
    "left out": lambda own: dict(own, indices=40)}


@pytest.mark.parametrize("name", WRAPPERS)
def test_the_split_train_is_what_is_trained_on_each_face_once(faces, name):
    cfg = config(faces, WRAPPERS[name])
    found = rows(dataset_of_split(cfg, "train"))
    assert len(found) == len(set(found)) and set(found) == trained_rows(cfg)


def test_the_label_mode_matters_here(faces):
    cfg = config(faces)
    by_majority = DATASETS.build({**cfg.train_dataloader.dataset, "mode": "majority"}).selected.rows
    assert set(by_majority.tolist()) < trained_rows(cfg)


@pytest.mark.parametrize("name", ["none", "balanced", "repeated", "both"])
def test_the_other_splits_have_their_own_faces(faces, name):
    cfg = config(faces, WRAPPERS[name], WRAPPERS[name])
    for split, usage in (("val", range(320, 360)), ("test", range(360, 400))):
        found = rows(dataset_of_split(cfg, split))
        assert len(found) == len(set(found)) > 0 and set(found) <= set(usage)
    both = rows(dataset_of_split(cfg, "train+val"))
    assert set(both) > trained_rows(cfg) and max(both) in range(320, 360)


@pytest.mark.parametrize("split", ["val", "test"])
def test_a_fold_that_is_tested_on_stays_that_fold(faces, split):
    cfg = config(faces)
    fold = wrap("KFoldDataset", fold=1, num_splits=4, test_mode=True)(dict(cfg.test_dataloader.dataset, split="train"))
    cfg[f"{split}_dataloader"].dataset = ConfigDict(fold)
    assert rows(dataset_of_split(cfg, split)) == rows(cfg[f"{split}_dataloader"].dataset)


@pytest.mark.parametrize(("name", "split", "message"), [
    ("a fold", "train+val", r"--split train\+val is for a data set of this package, the config has KFoldDataset"),
    ("versions in folds", "train", "the folds of a KFoldDataset mix the versions of a picture; set versions=1"),
    ("unknown", "train", "a .*Unknown does not tell which pictures it gives")])
def test_what_does_not_tell_its_faces_is_refused(faces, name, split, message):
    train = {"versions in folds": wrap("KFoldDataset"), "unknown": wrap("lanmsff_plugins.Unknown")}.get(
        name, WRAPPERS.get(name))
    if name == "unknown":
        OURS.register_module(name="Unknown", module=type("Unknown", (), {}), force=True)
    with pytest.raises(ConfigError, match=message):
        dataset_of_split(config(faces, train), split)


def test_a_teacher_is_not_asked_while_testing_and_no_class_is_drawn(faces):
    cfg = config(faces, lambda own: dict(own, mode="probability", teacher="missing.npz"))
    dataset = DATASETS.build(dataset_of_split(cfg, "train"))
    labels = [dataset[i]["data_samples"].gt_label.item() for i in range(len(dataset))]
    np.testing.assert_array_equal(labels, dataset.selected.labels)


def test_data_sets_of_others_are_read_by_their_own_loaders_with_the_pipeline_of_the_tests(tmp_path):
    cfg = ConfigDict({f"{split}_dataloader": dict(dataset=dict(
        type="CustomDataset", data_prefix=split, pipeline=[dict(type=split)])) for split in ("train", "val", "test")})
    for split in ("train", "val", "test"):
        found = dataset_of_split(cfg, split)
        assert found.data_prefix == split and found.pipeline == [dict(type="test")]


@pytest.mark.parametrize("split", ["train", "val", "train+val"])
def test_a_split_without_a_loader_is_that_of_the_tested_data_set(faces, split):
    """As in the config that ``train --no-validate`` leaves in its work dir."""
    cfg = config(faces)
    expected = rows(ConfigDict({**cfg.test_dataloader.dataset, "split": split}))
    cfg[f"{split.partition('+')[0]}_dataloader"] = None
    assert rows(dataset_of_split(cfg, split)) == expected


@pytest.mark.parametrize("split", ["train", "val"])
def test_a_split_without_a_loader_is_refused_where_the_data_set_does_not_tell_it(split):
    cfg = ConfigDict({f"{split}_dataloader": None, "test_dataloader": dict(dataset=dict(type="CustomDataset"))})
    with pytest.raises(ConfigError, match=f"--split {split} needs {split}_dataloader, which the config lacks"):
        dataset_of_split(cfg, split)


def test_the_innermost_data_sets_and_their_classes_are_found(faces):
    own = config(faces).train_dataloader.dataset
    for name, count in (("both", 1), ("joined, repeated", 2), ("a fold", 1)):
        found = list(innermost(ConfigDict(WRAPPERS[name](own))))
        assert len(found) == count and all(issubclass(kind_of(each), PictureDataset) for each in found)
    assert issubclass(kind_of(ConfigDict(type=PictureDataset)), PictureDataset)


def test_a_data_set_that_does_not_exist_is_refused(faces):
    with pytest.raises(ConfigError, match="unknown type of data set 'FERPlsu'"):
        dataset_of_split(config(faces, lambda own: dict(own, type="FERPlsu")), "train")
