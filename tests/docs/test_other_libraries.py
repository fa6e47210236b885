"""The figures that the examples with other libraries end with, computed by another way."""
import re
import runpy
import sys

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from lanmsff_plugins import weights
from lanmsff_plugins.data.synthetic.drawing import draw_face
from lanmsff_plugins.inference.preprocess import to_tensor

from .test_examples import EXAMPLES

SCRIPTS = {path.stem: str(path) for path in EXAMPLES}


@pytest.fixture
def run(tmp_path, monkeypatch, capfd):
    """Run an example in an empty folder, in this process, since most of its time would be imports.

    Gives its names, and the numbers in each line that it has printed after ``prefix``.
    """
    def run(name: str, prefix: str) -> tuple[dict, list[list[float]]]:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", [SCRIPTS[name]])
        names = runpy.run_path(SCRIPTS[name], run_name="__main__")
        lines = [line.removeprefix(prefix) for line in capfd.readouterr().out.splitlines() if line.startswith(prefix)]
        return names, [[float(found) for found in re.findall(r"\d+(?:\.\d+)?", line)] for line in lines]

    return run


@pytest.mark.slow
def test_lightning_trains_as_the_plain_loop_does(run):
    pytest.importorskip("pytorch_lightning")
    plain, lightning = (run(name, "cross-entropy of")[1] for name in ("own_training_loop", "lightning_training"))
    (last,), (count, validation) = plain
    assert count == 16 and abs(last - np.log(8)) > .01  # of a network that knows nothing
    assert lightning[0] == pytest.approx([last], abs=2e-5)
    assert lightning[1] == pytest.approx([count, validation], abs=2e-5)


@pytest.mark.parametrize("colour", [False, True])
def test_torchvision_gives_our_tensor_from_pictures_and_nearly_from_tensors(colour):
    transform = runpy.run_path(SCRIPTS["torchvision_transforms"])["TEST"]
    rng = np.random.default_rng(0)
    for side in (48, 64, 97, 300):
        pixels = rng.integers(0, 256, (side, side + 11, 3)[:3 if colour else 2], dtype=np.uint8)
        picture = Image.fromarray(pixels)
        ours = to_tensor(np.asarray(picture.convert("L")))
        torch.testing.assert_close(transform(picture), ours, rtol=0, atol=1e-7)  # 1/255 is rounded there
        tensor = torch.from_numpy(pixels).movedim(2, 0) if colour else torch.from_numpy(pixels)[None]
        assert (transform(tensor) - ours).abs().max() * 255 < 3.5  # a step for the grey, one for each direction


def test_the_script_with_torchvision_says_how_near_it_comes(run):
    of_pictures, of_tensors = run("torchvision_transforms", "")[1]
    assert of_pictures == [0, 255, 64, 64]
    assert of_tensors[0] <= 2 and of_tensors[2] >= 63


def test_grad_cam_is_that_of_the_paper(run, tmp_path):
    pytest.importorskip("pytorch_grad_cam")
    model, face = weights.load("lanmsff_ferplus"), to_tensor(draw_face("happiness", 0., 0, np.random.default_rng(0)))
    features = model.forward_blocks(face[None])
    logits = model.forward_head(model.fusion(features))
    of_happiness = logits[0, weights.card("lanmsff_ferplus")["classes"].index("happiness")]
    gradient, = torch.autograd.grad(of_happiness, features[2])
    heat = (gradient.mean((2, 3), keepdim=True) * features[2]).sum(1, keepdim=True).relu().detach()
    heat = F.interpolate(heat - heat.min(), size=(64, 64), mode="bilinear")[0, 0]
    (share,), = run("grad_cam_map", "happiness:")[1]
    assert share == pytest.approx(float(100 * heat[32:].sum() / heat.sum()), abs=.2)
    with Image.open(tmp_path / "grad_cam.png") as picture:
        assert picture.size == (64, 64)


@pytest.mark.slow
def test_torchao_s_int8_answers_as_float32_does(run):
    pytest.importorskip("torchao")
    names, ((of, of_float, of_int8, _, same),) = run("torchao_int8", "right of")
    model = weights.load("lanmsff_ferplus")
    kernels = [value.numel() for value in names["int8"].state_dict().values() if value.dtype == torch.int8]
    assert sum(kernels) > .9 * sum(weight.numel() for weight in model.parameters() if weight.ndim > 1)
    with torch.no_grad():
        expected, found = model(names["faces"]), names["int8"](names["faces"])
    assert 0 < (found - expected).abs().max() < 1
    assert (of, of_float) == (64, (expected.argmax(1) == names["classes"]).sum())
    assert same == (found.argmax(1) == expected.argmax(1)).sum() >= 61 and abs(of_int8 - of_float) <= 3
