"""Faces are augmented batch by batch: moved, relit, covered, resized, mixed."""
import numpy as np
import pytest
import torch
from mmengine.logging import MessageHub
from mmpretrain.structures import DataSample

from lanmsff_plugins.mm.models.preprocessor import FaceAugment, FacePreprocessor


def still(**kwargs):
    return FaceAugment(**{"degrees": 0, "scale": 0, "translate": 0, "brightness": 0, "contrast": 0, "erase": 0,
                          **kwargs})


def test_augmentation_without_any_change_gives_the_face_or_its_mirror():
    faces = torch.rand(16, 1, 48, 48)
    moved = still(size=48)(faces)
    same = (moved - faces).abs().amax((1, 2, 3)) < 1e-5
    mirrored = (moved - faces.flip(3)).abs().amax((1, 2, 3)) < 1e-5
    assert (same ^ mirrored).all() and same.any() and mirrored.any()


@pytest.mark.parametrize("mirror", [0., 1.])
def test_all_faces_or_none_are_mirrored_where_that_is_asked_for(mirror):
    faces = torch.rand(16, 3, 48, 48)
    torch.testing.assert_close(still(size=48, mirror=mirror)(faces), faces.flip(3) if mirror else faces)


def test_the_share_of_faces_asked_for_is_moved_and_the_others_stay_as_sharp_as_they_are():
    torch.manual_seed(0)
    faces = torch.rand(1000, 1, 16, 16)
    augmented = still(size=16, degrees=10., scale=0.1, translate=0.05, mirror=0., moved=0.25)(faces)
    moved = (augmented - faces).abs().amax((1, 2, 3)) > 1e-3
    assert moved.float().mean().item() == pytest.approx(0.25, abs=0.07)  # five standard errors
    assert augmented[moved].std() < 0.9 * faces.std()
    torch.testing.assert_close(augmented[~moved], faces[~moved], atol=1e-4, rtol=0)


def test_augmentation_resizes_as_torch_does():
    faces = torch.rand(8, 1, 48, 48)
    expected = torch.nn.functional.interpolate(faces, (64, 64), mode="bilinear")
    moved = still()(faces)
    same = (moved - expected).abs()[:, :, 2:-2, 2:-2].amax((1, 2, 3)) < 1e-5
    mirrored = (moved - expected.flip(3)).abs()[:, :, 2:-2, 2:-2].amax((1, 2, 3)) < 1e-5
    assert (same ^ mirrored).all()


def test_covered_parts_have_the_area_asked_for():
    covered = still(size=48, erase=1., erase_area=(0.1, 0.1))(torch.full((64, 1, 48, 48), 2.).clamp(0, 1)) != 1
    share = covered.float().mean((1, 2, 3))
    assert ((share > 0.05) & (share < 0.15)).all()


def test_half_of_the_faces_are_covered_when_half_is_asked_for():
    torch.manual_seed(0)
    covered = (still(size=16, erase=0.5)(torch.ones(1000, 1, 16, 16)) != 1).flatten(1).any(1)
    assert covered.float().mean().item() == pytest.approx(0.5, abs=0.08)  # five standard errors


def test_each_part_of_the_training_has_its_size():
    hub = MessageHub.get_current_instance()
    augment = still(size=64, early_sizes=[(0.25, 40), (0.5, 56), (0.75, 48)])
    sides = []
    for step in (0, 24, 25, 49, 50, 74, 75, 99):
        hub.update_info("iter", step)
        hub.update_info("max_iters", 100)
        sides.append(augment(torch.rand(2, 1, 48, 48)).shape[-1])
    assert sides == [40, 40, 56, 56, 48, 48, 64, 64]


@pytest.mark.parametrize("augment", [dict(type="Mixup", alpha=1.), dict(type="CutMix", alpha=1.)])
def test_mixing_mixes_faces_and_targets_in_the_same_shares(augment):
    torch.manual_seed(0)
    np.random.seed(0)  # of which MMPretrain draws the shares
    preprocessor = FacePreprocessor(num_classes=4, mean=[0.], std=[1.], to_rgb=False,
                                    batch_augments=dict(augments=[augment]))
    greys = torch.tensor([0., 1., 2., 3.])  # a face of class k is k all over
    data = {"inputs": greys[:, None, None, None].expand(4, 1, 8, 8).clone(),
            "data_samples": [DataSample().set_gt_label(k) for k in range(4)]}
    mixed = preprocessor(data, training=True)
    scores = torch.stack([sample.gt_score for sample in mixed["data_samples"]])
    assert not torch.equal(scores, torch.eye(4))
    torch.testing.assert_close(mixed["inputs"].mean((1, 2, 3)), scores @ greys)


@pytest.mark.parametrize(("argument", "message"), [
    ({"size": 0}, "sides of 1 pixel or more, got 0"), ({"size": 48.}, "sides of 1 pixel or more, got 48.0"),
    ({"early_sizes": [(0.4, 0)]}, "sides of 1 pixel or more, got 0"),
    ({"early_sizes": [(0.8, 40), (0.4, 48)]}, "shares of the training that rise"),
    ({"early_sizes": [(1.5, 40)]}, "shares of the training that rise"),
    ({"degrees": -15}, "degrees is a limit to either side, 0 or more, got -15"),
    ({"contrast": float("nan")}, "contrast is a limit to either side, 0 or more, got nan"),
    ({"scale": 1.}, "scale is the largest change of size, below 1, got 1.0"),
    ({"mirror": 2}, "mirror is a probability, got 2"), ({"moved": -1}, "moved is a share, from 0 to 1, got -1"),
    ({"erase": 2}, "erase is a probability"),
    ({"erase_area": (0.5, 0.2)}, "two shares in order")])
def test_what_augments_nothing_sensible_is_refused(argument, message):
    with pytest.raises(ValueError, match=message):
        FaceAugment(**argument)


def test_autocast_does_not_move_a_face():
    faces = torch.rand(4, 1, 48, 48, generator=torch.Generator().manual_seed(0))
    augment = FaceAugment(size=48)
    torch.manual_seed(0)
    expected = augment(faces)
    torch.manual_seed(0)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(augment(faces), expected)
