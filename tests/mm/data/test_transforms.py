"""Transforms and the batch augmentation."""
import mmcv
import numpy as np
import pytest

from lanmsff_plugins.mm.data.transforms import FourVersions, ToGray

FACE = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)


def version(number, sample_idx=0, **kwargs):
    return FourVersions(**kwargs)({"img": FACE, "version": number, "sample_idx": sample_idx})["img"]


def test_the_first_version_is_the_face_and_the_second_its_mirror():
    np.testing.assert_array_equal(version(0), FACE)
    np.testing.assert_array_equal(version(1), FACE[:, ::-1])


@pytest.mark.parametrize(("view", "mirrored"), [("FL", "FR"), ("HR", "HL"), ("S", "S"), ("", "")])
def test_a_mirrored_face_has_the_opposite_view(view, mirrored):
    for number, expected in ((0, view), (1, mirrored), (2, view), (3, view)):
        record = FourVersions()({"img": FACE, "version": number, "sample_idx": 0, "view": view})
        assert record["view"] == expected


def test_the_third_version_is_rotated_by_whole_degrees_then_cropped_in_the_centre():
    candidates = [
        mmcv.imresize(mmcv.imrotate(FACE, angle), (72, 72))[4:68, 4:68] for angle in range(-15, 16)]
    found = {next(i for i, c in enumerate(candidates) if np.array_equal(c, version(2, n))) for n in range(100)}
    assert len(found) > 20


def test_the_fourth_version_is_a_crop_of_the_enlarged_face():
    enlarged = mmcv.imresize(FACE, (72, 72))
    windows = np.lib.stride_tricks.sliding_window_view(enlarged, (64, 64))
    places = {tuple(np.argwhere((windows == version(3, n)).all((2, 3)))[0]) for n in range(100)}
    assert len(places) > 40
    assert min(min(place) for place in places) == 0 and max(max(place) for place in places) == 8


@pytest.mark.parametrize("number", [2, 3])
def test_a_seed_makes_a_face_the_same_in_every_epoch_and_faces_differ(number):
    np.testing.assert_array_equal(version(number, 7), version(number, 7))
    assert any(not np.array_equal(version(number, 7), version(number, n)) for n in range(8, 12))


def test_without_a_seed_each_time_is_another():
    assert len({version(3, 7, seed=None).tobytes() for _ in range(20)}) > 5


def test_without_a_version_one_is_drawn():
    drawn = {FourVersions()({"img": FACE, "sample_idx": 0})["img"].tobytes() for _ in range(100)}
    assert drawn == {version(n).tobytes() for n in range(4)}


@pytest.mark.parametrize("shape", [(8, 6), (8, 6, 1), (8, 6, 3)])
def test_any_picture_becomes_grey(shape):
    image = np.repeat(np.arange(48, dtype=np.uint8).reshape(8, 6, 1), shape[2] if len(shape) > 2 else 1, axis=2)
    grey = ToGray()({"img": image.reshape(shape)})["img"]
    np.testing.assert_array_equal(grey, np.arange(48).reshape(8, 6))
