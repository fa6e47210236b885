"""A picture becomes the tensor that timm's transform makes of it, whatever its size."""
import numpy as np
import pytest
import timm
import torch
from PIL import Image

import timm_registry  # noqa: F401
from lanmsff_plugins.data.synthetic import draw_face
from lanmsff_plugins.inference.preprocess import SIDE, resize, to_batch, to_tensor

SIZES = [(1, 1), (16, 16), (48, 48), (63, 63), (64, 64), (65, 65), (200, 200), (1000, 1000),
         (1, 300), (300, 1), (48, 64), (64, 48), (64, 65), (321, 200), (90, 1001)]


def noise(*size: int) -> np.ndarray:
    return np.random.default_rng(sum(size)).integers(0, 256, size, dtype=np.uint8)


@pytest.fixture(scope="module", params=[("lanmsff", 64), ("lanmsff.fer2013", 64), ("lanmsff_small.ferplus", 48)])
def transform_to(request):
    name, side = request.param
    config = timm.data.resolve_model_data_config(timm.create_model(name))
    return timm.data.create_transform(**config), side


@pytest.mark.parametrize("size", SIZES)
def test_the_tensor_is_timm_s_to_the_bit(size, transform_to):
    (transform, side), picture = transform_to, noise(*size)
    torch.testing.assert_close(to_tensor(picture, side), transform(Image.fromarray(picture)), rtol=0, atol=0)


@pytest.mark.parametrize("size", SIZES)
def test_it_is_one_grey_channel_of_the_network_s_side_between_0_and_1(size):
    got = to_tensor(noise(*size))
    assert (got.shape, got.dtype) == ((1, SIDE, SIDE), torch.float32)
    assert got.min() >= 0 and got.max() <= 1


@pytest.mark.parametrize("value", [0, 1, 127, 255])
@pytest.mark.parametrize("size", [(1, 1), (48, 48), (200, 90)])
def test_an_even_grey_stays_itself(value, size):
    assert (to_tensor(np.full(size, value, np.uint8)) == np.float32(value) / np.float32(255)).all()


def test_a_picture_of_the_network_s_side_keeps_its_pixels():
    picture = noise(SIDE, SIDE)
    np.testing.assert_array_equal(to_tensor(picture)[0], picture / np.float32(255))
    np.testing.assert_array_equal(resize(picture), picture)


def test_a_large_picture_is_averaged_not_sampled():
    """Every second pixel black: without antialiasing, all would be taken, or none."""
    picture = np.zeros((SIDE * 8, SIDE * 8), np.uint8)
    picture[::2] = 255
    assert abs(to_tensor(picture) - .5).max() < .02


def test_the_whole_picture_is_squashed_and_nothing_cut_off():
    picture = np.zeros((SIDE, 4 * SIDE), np.uint8)
    picture[:, :4], picture[:, -4:] = 255, 255
    got = to_tensor(picture)[0]
    assert (got[:, 0] > .8).all() and (got[:, -1] > .8).all() and (got[:, 2:-2] == 0).all()


@pytest.mark.parametrize("side", [32, 48, 96])
def test_another_side_may_be_asked_for(side):
    picture = noise(70, 90)
    assert to_tensor(picture, side).shape == (1, side, side)
    np.testing.assert_array_equal(resize(picture, side), np.array(
        Image.fromarray(picture).resize((side, side), Image.Resampling.BILINEAR)))


@pytest.mark.parametrize("size", [(48, 48), (200, 90)])
def test_each_colour_is_resized_like_grey(size):
    picture = noise(*size, 3)
    got = resize(picture)
    assert got.shape == (SIDE, SIDE, 3)
    for channel in range(3):
        np.testing.assert_array_equal(got[..., channel], resize(np.ascontiguousarray(picture[..., channel])))


def test_a_batch_takes_pictures_of_any_sizes_in_their_order():
    pictures = [noise(*size) for size in SIZES]
    got = to_batch(iter(pictures))
    assert got.shape == (len(SIZES), 1, SIDE, SIDE)
    for tensor, picture in zip(got, pictures):
        torch.testing.assert_close(tensor, to_tensor(picture), rtol=0, atol=0)


def test_a_batch_takes_an_array_of_pictures():
    torch.testing.assert_close(to_batch(noise(5, 48, 48)), torch.stack([to_tensor(x) for x in noise(5, 48, 48)]))
    assert to_batch(noise(2, 48, 48), 32).shape == (2, 1, 32, 32)


def test_what_goes_in_is_left_as_it_was():
    picture = draw_face("fear", 0., 1, np.random.default_rng(0))
    before = picture.copy()
    to_tensor(picture).zero_()
    np.testing.assert_array_equal(picture, before)


def test_a_view_that_is_not_contiguous_is_taken():
    picture = noise(48, 48)
    torch.testing.assert_close(to_tensor(picture[:, ::-1]), to_tensor(picture[:, ::-1].copy()), rtol=0, atol=0)
    picture.flags.writeable = False
    torch.testing.assert_close(to_tensor(picture.T), to_tensor(picture.T.copy()), rtol=0, atol=0)
