"""Every data set of the catalog can be read through all doors, with the classes that the catalog names."""
import pytest
import torch

from lanmsff_plugins.data import datasets
from lanmsff_plugins.data.catalog import DATASETS
from lanmsff_plugins.data.splits import SPLITS


@pytest.fixture
def folder(request, drawn_faces, drawn_kdef):
    return {"kdef": drawn_kdef}.get(request.param, drawn_faces)


BOTH = pytest.mark.parametrize(("name", "folder"), [(name, name) for name in DATASETS], indirect=["folder"])


@BOTH
def test_a_split_has_pictures_labels_rows_and_names_one_for_each(name, folder):
    row = DATASETS[name]
    selected = row.select(folder, "val")
    assert len(selected) == len(selected.pictures) == len(selected.rows) == len(selected.names) > 0
    assert all(len(values) == len(selected) for values in selected.details.values())
    assert set(selected.labels.tolist()) <= set(range(len(row.classes)))
    picture = selected.pictures[0]
    assert picture.ndim == 2 and picture.dtype == "uint8"
    if selected.scores is not None:
        assert selected.scores.shape == (len(selected), len(row.classes))


@BOTH
def test_the_splits_share_no_picture_and_train_and_val_together_are_both(name, folder):
    rows = {split: set(DATASETS[name].select(folder, split).rows.tolist()) for split in SPLITS}
    assert not rows["train"] & rows["val"] and not (rows["train"] | rows["val"]) & rows["test"]
    assert rows["train+val"] == rows["train"] | rows["val"]


@BOTH
def test_torch_s_loaders_take_it(name, folder):
    dataset = datasets.PictureDataset(name, folder, "test")
    image, _ = dataset[0]
    assert dataset.classes == DATASETS[name].classes and isinstance(image, torch.Tensor) and image.shape[0] == 1


def test_each_says_where_it_is_from_and_what_may_be_done_with_it():
    for row in DATASETS.values():
        assert row.source.startswith("https://") and row.licence.endswith(".") and row.splits.keys() == set(SPLITS)
