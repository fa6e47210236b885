"""One file gives one answer, whichever door it goes in by: Python, timm, OpenMMLab's pipeline, ONNX."""
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from PIL import Image

import timm_registry  # noqa: F401
from lanmsff_plugins import weights
from lanmsff_plugins.data.synthetic import draw_face
from lanmsff_plugins.export import export_onnx, run_onnx
from lanmsff_plugins.inference.preprocess import to_tensor
from lanmsff_plugins.pictures import read_picture

from ..conftest import ROOT

NAME = "lanmsff_ferplus"
FILES = [f"{side} {kind}" for side in (48, 64, 200, 321) for kind in ("PNG", "JPEG", "lying JPEG", "colour PNG")]
TOLERANCE = 1e-3  # of a probability

needs_openmmlab = pytest.mark.skipif(find_spec("mmpretrain") is None, reason="OpenMMLab is not installed")


def write(face: np.ndarray, kind: str, folder: Path) -> Path:
    """A face as a file; a lying one is stored turned, with the tag that turns it back."""
    path, exif = folder / f"face.{kind.split()[-1].lower()}", Image.Exif()
    if kind == "lying JPEG":
        exif[0x0112] = 6
        face = np.rot90(face)
    elif kind == "colour PNG":
        face = (face[..., None] * np.float32([1., .85, .7])).astype(np.uint8)
    Image.fromarray(face).save(path, quality=90, exif=exif)
    return path


@pytest.fixture(scope="module", params=FILES)
def file(request, tmp_path_factory):
    """A drawn face as a file."""
    side, kind = request.param.split(" ", 1)
    face = draw_face("happiness", 10., 3, np.random.default_rng(5), side=int(side))
    return write(face, kind, tmp_path_factory.mktemp("files"))


@pytest.fixture(scope="module")
def expected(file):
    """(C,) probabilities by our own way."""
    return probabilities(weights.load(NAME), to_tensor(read_picture(file)))


@torch.inference_mode()
def probabilities(model, face: torch.Tensor) -> torch.Tensor:
    return model(face[None]).softmax(1)[0]


def assert_same(got: torch.Tensor, expected: torch.Tensor) -> None:
    torch.testing.assert_close(got, expected, rtol=0, atol=TOLERANCE)


def test_timm_s_model_and_transform_give_our_answer(file, expected):
    model = timm.create_model("lanmsff.ferplus", pretrained=True).eval()
    transform = timm.data.create_transform(**timm.data.resolve_model_data_config(model))
    assert_same(probabilities(model, transform(Image.fromarray(read_picture(file)))), expected)


@pytest.fixture(scope="module")
def onnx_model(tmp_path_factory):
    path = tmp_path_factory.mktemp("onnx") / "lanmsff.onnx"
    export_onnx(weights.load(NAME), path)
    return run_onnx(path, threads=1)


def test_the_onnx_file_gives_our_answer(file, expected, onnx_model):
    assert_same(probabilities(onnx_model, to_tensor(read_picture(file))), expected)


@pytest.fixture(scope="module")
def classifier():
    from mmpretrain import get_model

    import lanmsff_plugins.mm  # noqa: F401
    return get_model(NAME, pretrained=True).eval()


@pytest.fixture(scope="module")
def pipeline():
    """The test pipeline of the config, as the inferencer takes it."""
    from mmengine.config import Config
    from mmengine.dataset import Compose
    from mmengine.registry import init_default_scope

    import lanmsff_plugins.mm  # noqa: F401
    init_default_scope("mmpretrain")
    return Compose(Config.fromfile(ROOT / "mm_configs" / f"{NAME}.py").test_dataloader.dataset.pipeline)


@torch.inference_mode()
def by_openmmlab(classifier, pipeline, picture: np.ndarray) -> torch.Tensor:
    packed = pipeline(dict(img=picture, img_shape=picture.shape[:2], ori_shape=picture.shape[:2], sample_idx=0))
    batch = dict(inputs=[packed["inputs"]], data_samples=[packed["data_samples"]])
    return classifier.val_step(batch)[0].pred_score


@needs_openmmlab
@pytest.mark.parametrize("colour", [False, True])
def test_the_config_s_pipeline_gives_our_answer_for_the_array(file, expected, classifier, pipeline, colour):
    picture = read_picture(file, colour)
    assert_same(by_openmmlab(classifier, pipeline, picture[..., ::-1] if colour else picture), expected)


@needs_openmmlab
def test_it_does_so_for_a_file_that_mmcv_reads(file, expected, classifier, pipeline):
    """mmcv reads by OpenCV, which turns pictures by their tag too. Its own grey of a file in colour is another one, and
    so files are read in colour, as MMPretrain's inferencer does."""
    import mmcv

    in_colour = read_picture(file, colour=True).std(2).any()
    for flag in ("color",) if in_colour else ("color", "grayscale"):
        assert_same(by_openmmlab(classifier, pipeline, mmcv.imread(str(file), flag=flag)), expected)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "lying JPEG", "colour PNG"])
def test_the_answer_is_the_same_for_each_kind_of_file(kind, tmp_path):
    """Were the picture scrambled, every door could agree on nonsense."""
    face = draw_face("surprise", 0., 1, np.random.default_rng(1), side=200)
    got = probabilities(weights.load(NAME), to_tensor(read_picture(write(face, kind, tmp_path))))
    assert weights.card(NAME)["classes"][got.argmax()] == "surprise" and got.max() > .8
