"""Where a network looks."""
import numpy as np
import pytest
import torch
from PIL import ImageFont

from lanmsff_plugins import weights
from lanmsff_plugins.data.synthetic import draw_face
from lanmsff_plugins.inference.maps import draw_maps, grad_cam, spatial_maps
from lanmsff_plugins.inference.preprocess import to_tensor
from lanmsff_plugins.models import build


@pytest.fixture(scope="module")
def face():
    return draw_face("happiness", 0., 0, np.random.default_rng(0), side=100)


@pytest.fixture(scope="module")
def untrained():
    torch.manual_seed(3)
    return build("lanmsff").eval()


def test_the_maps_are_those_that_the_blocks_multiply_with(untrained, face):
    image = to_tensor(face)
    maps = spatial_maps(untrained, image)
    with torch.no_grad():
        second = untrained.blocks[1].dual_path(untrained.blocks[0](image[None]))
        expected = untrained.blocks[1].attn.attention_maps(second)[1][0, 0]
    assert [values.shape for values in maps.values()] == [(32, 32), (8, 8)]
    np.testing.assert_allclose(maps["MassAtt 1 of 2"], expected, atol=1e-6)


def test_looking_leaves_the_network_as_it_was(untrained, face):
    image = to_tensor(face)
    with torch.no_grad():
        before = untrained(image[None])
        spatial_maps(untrained, image)
        assert not any(module._forward_pre_hooks for module in untrained.modules())
        torch.testing.assert_close(untrained(image[None]), before)


def test_grad_cam_explains_the_class_that_was_asked_for(face):
    pytest.importorskip("pytorch_grad_cam")
    model, image = weights.load("lanmsff_ferplus"), to_tensor(face)
    glad, sad = (grad_cam(model, image, target) for target in (1, 3))
    assert glad.shape == (64, 64) and 0 <= glad.min() < glad.max() <= 1
    assert abs(glad - sad).max() > .1


def test_every_map_gets_its_panel(untrained, face, monkeypatch):
    monkeypatch.setattr("lanmsff_plugins.inference.maps.grad_cam", lambda *_: None)
    picture = draw_maps(untrained, np.repeat(face[..., None], 3, 2), 1, "happiness")
    assert picture.size == (3 * 192, 212)
    grey, red = (np.asarray(picture)[20:, i * 192:(i + 1) * 192].astype(int) for i in (0, 1))
    assert (grey[..., 0] == grey[..., 2]).all() and (red[..., 0] != red[..., 2]).any()


def test_maps_are_drawn_by_pillow_10_0(untrained, face, monkeypatch):
    font = ImageFont.load_default()
    monkeypatch.setattr("lanmsff_plugins.inference.maps.grad_cam", lambda *_: None)
    monkeypatch.setattr("lanmsff_plugins.base.compat.version", lambda package: (10, 0))
    monkeypatch.setattr(ImageFont, "load_default", lambda: font)  # a size is new in 10.1
    titles = np.asarray(draw_maps(untrained, face, 1, "happiness"))[:20]
    assert (titles < 255).any()
