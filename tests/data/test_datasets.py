"""The data sets for a training loop of one's own."""
import pickle

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from lanmsff_plugins.data.datasets import FER2013Dataset, FERPlusDataset, KDEFDataset
from lanmsff_plugins.data.fer2013.ferplus import read_ferplus
from lanmsff_plugins.data.fer2013.reader import read_fer2013
from lanmsff_plugins.data.fer2013.votes import label_distributions
from lanmsff_plugins.data.kdef.reader import KDEF_CLASSES


def test_an_item_is_a_face_between_0_and_1_and_its_class(drawn_faces):
    faces, dataset = read_fer2013(drawn_faces), FER2013Dataset(drawn_faces, "val")
    rows = np.flatnonzero(faces.usage == 1)
    assert len(dataset) == len(rows) == 40 and len(dataset.classes) == 7
    for i in (0, 17, 39):
        image, target = dataset[i]
        assert image.dtype == torch.float32 and image.shape == (1, 48, 48)
        np.testing.assert_allclose(image[0] * 255, faces.pixels[rows[i]], atol=1e-4)
        assert target == faces.emotion[rows[i]] == dataset.targets[i]


def test_a_transform_gets_the_face_as_pillow_has_it(drawn_faces):
    sizes = FER2013Dataset(drawn_faces, transform=lambda image: (image.mode, image.size))
    assert sizes[0][0] == ("L", (48, 48))


@pytest.mark.parametrize(("mode", "kind"), [("majority", int), ("argmax", int), ("cross-entropy", torch.Tensor),
                                            ("multi-target", torch.Tensor), ("probability", torch.Tensor)])
def test_a_loss_takes_the_targets_of_every_mode(drawn_faces, mode, kind):
    dataset = FERPlusDataset(drawn_faces, mode=mode)
    assert isinstance(dataset[0][1], kind)
    _, targets = next(iter(DataLoader(dataset, 16)))
    assert torch.nn.CrossEntropyLoss()(torch.randn(16, 8), targets).isfinite()


def test_a_distribution_is_that_of_the_votes(drawn_faces):
    _, votes = read_ferplus(drawn_faces)
    dataset = FERPlusDataset(drawn_faces, mode="cross-entropy")
    expected = label_distributions(votes, "cross-entropy")[dataset.selected.rows]
    np.testing.assert_array_equal(torch.stack([dataset[i][1] for i in range(len(dataset))]), expected)


def test_probability_draws_a_class_from_the_votes_each_time(drawn_faces):
    torch.manual_seed(0)
    dataset = FERPlusDataset(drawn_faces, mode="probability")
    idx = int(dataset.selected.scores.max(1).argmin())
    draws = torch.stack([dataset[idx][1] for _ in range(400)])
    assert (draws.sum(1) == 1).all() and (draws.max(1).values == 1).all()
    np.testing.assert_allclose(draws.mean(0), dataset.selected.scores[idx], atol=5 * np.sqrt(0.25 / 400))


def test_kdef_gives_faces_cut_out_and_who_they_are(drawn_kdef):
    parts = [KDEFDataset(drawn_kdef, split, folds=5) for split in ("train", "val", "test")]
    assert [len(part) for part in parts] == [420, 140, 140]
    image, target = parts[0][3]
    assert image.shape == (1, 44, 44) and parts[0].classes == KDEF_CLASSES  # four fifths of 56 pixels
    assert target == parts[0].images[3].label == parts[0].targets[3]
    assert not {image.person for image in parts[0].images} & {image.person for image in parts[2].images}


@pytest.mark.parametrize("make", [
    lambda faces, kdef: FER2013Dataset(faces), lambda faces, kdef: FERPlusDataset(faces, mode="cross-entropy"),
    lambda faces, kdef: KDEFDataset(kdef, folds=5)], ids=["FER2013", "FERPlus", "KDEF"])
def test_workers_give_what_the_main_process_gives(drawn_faces, drawn_kdef, make):
    dataset = make(drawn_faces, drawn_kdef)
    for (images, targets), (others, their_targets) in zip(DataLoader(dataset, 100), DataLoader(
            dataset, 100, num_workers=2, multiprocessing_context="fork")):
        assert images.equal(others) and targets.equal(their_targets)
    assert pickle.loads(pickle.dumps(dataset))[5][0].equal(dataset[5][0])


def test_the_pixels_stay_in_their_file_when_a_data_set_is_sent_to_a_worker(drawn_faces):
    dataset = FER2013Dataset(drawn_faces)
    assert len(pickle.dumps(dataset)) < len(dataset) * 48 * 48 / 2
