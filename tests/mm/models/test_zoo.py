"""The packaged weights through OpenMMLab's doors: get_model, the inferencer, load_from."""
import numpy as np
import pytest
import torch
from mmengine.runner import CheckpointLoader
from mmpretrain import get_model, inference_model, list_models
from mmpretrain.apis import ImageClassificationInferencer
from PIL import Image

import lanmsff_plugins.mm  # noqa: F401
from lanmsff_plugins import weights
from lanmsff_plugins.data.synthetic.drawing import draw_face
from lanmsff_plugins.inference.preprocess import to_tensor
from lanmsff_plugins.reporting import cards

NAMES = weights.names()


class Logits(torch.nn.Module):
    """An MMPretrain classifier that is called as a plain network."""

    def __init__(self, classifier):
        super().__init__()
        self.classifier = classifier

    def forward(self, x):
        return self.classifier(x, mode="tensor")


@pytest.mark.parametrize("name", NAMES)
def test_get_model_gives_the_network_of_the_card(name):
    assert list_models(name) == [name]
    model, card = get_model(name, pretrained=True), weights.card(name)
    np.testing.assert_allclose(cards.drawn_logits(Logits(model), card["size"]), card["drawn"], atol=2e-3)


def test_load_from_takes_packaged_weights_and_names_unknown_ones():
    state_dict = CheckpointLoader.load_checkpoint("lanmsff://lanmsff_ferplus", map_location="cpu")["state_dict"]
    assert "backbone.blocks.0.conv1.conv.weight" in state_dict
    with pytest.raises(ValueError, match="unknown packaged weights 'lanmsff_kdef'"):
        CheckpointLoader.load_checkpoint("lanmsff://lanmsff_kdef", map_location="cpu")


@pytest.fixture(scope="module")
def face() -> np.ndarray:
    return draw_face("happiness", 0., 0, np.random.default_rng(0), side=64)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["grey file", "colour file", "grey array", "colour array"])
def test_a_face_goes_in_as_a_file_or_an_array_grey_or_in_colour(name, kind, face, tmp_path):
    """The same face gives the same scores in each form."""
    image = face if "grey" in kind else np.repeat(face[..., None], 3, 2)
    if "file" in kind:
        Image.fromarray(image).save(tmp_path / "face.png")
        image = str(tmp_path / "face.png")
    result = inference_model(name, image)
    expected = torch.softmax(Logits(get_model(name, pretrained=True)).eval()(
        to_tensor(face, weights.card(name)["size"])[None]), 1)[0].detach().numpy()
    np.testing.assert_allclose(result["pred_scores"], expected, atol=1e-5)
    assert result["pred_class"] == weights.card(name)["classes"][result["pred_label"]]


def test_the_inferencer_takes_a_name_and_a_batch(face):
    inferencer = ImageClassificationInferencer("lanmsff_ferplus", pretrained=True)
    results = inferencer([face] * 3, batch_size=2)
    assert len({result["pred_class"] for result in results}) == 1 and len(results) == 3
