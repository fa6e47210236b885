"""MMPretrain's own tests of data sets and models, run on ours; they need its checkout."""
import importlib.util
import os
import sys
from pathlib import Path

import pytest
import yaml
from mmengine.registry import init_default_scope
from mmpretrain.apis import ModelHub

import lanmsff_plugins.mm.models.backbone

from ..conftest import ROOT

if "MMPRETRAIN_CHECKOUT" not in os.environ:
    pytest.skip("MMPRETRAIN_CHECKOUT does not name a checkout of MMPretrain", allow_module_level=True)


def upstream(path: str):
    """A module of the checkout's tests."""
    file = Path(os.environ["MMPRETRAIN_CHECKOUT"]) / "tests" / path
    spec = importlib.util.spec_from_file_location(f"upstream_{file.stem}", file)
    sys.modules[spec.name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


init_default_scope("mmpretrain")
DATASETS = upstream("test_datasets/test_datasets.py")
MODELS = upstream("test_models/test_models.py")


class OfFaces(DATASETS.TestBaseDataset):
    """The data sets say their folder and their split where upstream's says its annotation file."""

    @pytest.fixture(autouse=True)
    def data(self, drawn_faces, drawn_kdef):
        root = drawn_kdef if self.DATASET_TYPE.endswith("KDEF") else drawn_faces
        type(self).DEFAULT_ARGS = dict(data_root=str(root))

    def test_extra_repr(self):
        dataset = DATASETS.DATASETS.get(self.DATASET_TYPE)(**self.DEFAULT_ARGS, split="val", lazy_init=True)
        self.assertIn(f"Data root: \t{dataset.data_root}", repr(dataset))
        self.assertIn("Split: \tval", repr(dataset))


class TestFER2013(OfFaces):
    DATASET_TYPE = "lanmsff_plugins.FER2013"


class TestFERPlus(OfFaces):
    DATASET_TYPE = "lanmsff_plugins.FERPlus"


class TestKDEF(OfFaces):
    DATASET_TYPE = "lanmsff_plugins.KDEF"


del OfFaces  # alone it has no data set


@pytest.fixture(scope="module", params=["lanmsff_ferplus", "lanmsff_fer2013", "lanmsff_kdef", "lanmsff_ferplus_modern"])
def cfg(request, tmp_path_factory):
    """One of the configs, known to MMPretrain's hub by a name of its own."""
    name, classes = f"upstream_{request.param}", 8 if "plus" in request.param else 7
    index = tmp_path_factory.mktemp("hub") / "metafile.yml"
    index.write_text(yaml.safe_dump({
        "Collections": [{"Name": name}],
        "Models": [{"Name": name, "In Collection": name, "Results": [], "Metadata": {},
                    "Config": str(ROOT / "mm_configs" / f"{request.param}.py")}]}))
    ModelHub.register_model_index(index)
    return MODELS.Cfg(name=name, backbone=lanmsff_plugins.mm.models.backbone.LANMSFFBackbone, num_classes=classes,
                      input_shape=(1, 1, 64, 64))


@pytest.mark.parametrize("test", ["test_build", "test_forward", "test_extract_feat", "test_backward"])
def test_a_model_passes(test, cfg):
    getattr(MODELS, test)(cfg)
