"""Pictures of one's own, a folder for each class, go through our commands as the docs' page has it."""
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

pytest.importorskip("mmpretrain")

from lanmsff_plugins import weights  # noqa: E402
from lanmsff_plugins.data.synthetic.drawing import draw_face  # noqa: E402
from lanmsff_plugins.mm.engine.configs import read_config, standalone  # noqa: E402
from lanmsff_plugins.scores import Predictions  # noqa: E402

from .conftest import ROOT  # noqa: E402
from .mm.runs import call_command  # noqa: E402
from .versions import needs  # noqa: E402

own_hook = needs("torch", "2.6", "a checkpoint of MMEngine's own hook")

CONFIG = ROOT / "docs" / "examples" / "configs" / "own_images.py"
CLASSES = ("anger", "happiness", "neutral", "surprise")
PER_CLASS = 5
QUICK = ["train_cfg.max_epochs=1", "log_level=ERROR", *(
    f"{split}_dataloader.num_workers=0" for split in ("train", "val", "test"))]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """The docs' config, and pictures of faces in colour as it expects them."""
    folder, rng = tmp_path_factory.mktemp("own"), np.random.default_rng(0)
    for split in ("train", "val", "test"):
        for name in CLASSES:
            place = folder / "faces" / split / name
            place.mkdir(parents=True)
            for i in range(PER_CLASS):
                Image.fromarray(draw_face(name, 0., i, rng)).convert("RGB").save(place / f"{i}.png")
    text = CONFIG.read_text().replace("data_root = 'faces'", f"data_root = {str(folder / 'faces')!r}")
    (folder / "own_images.py").write_text(text)
    return folder


def run(command: str, *args) -> str:
    done = call_command(command, *args)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def trained(folder) -> Path:
    """The work dir of a training of one epoch, whose checkpoints MMEngine's own hook has written."""
    config, work_dir = folder / "own_images.py", folder / "work"
    run("train", config, "--work-dir", work_dir, "--cfg-options", *QUICK)
    return work_dir


def test_the_training_starts_from_the_packaged_weights(trained):
    """An epoch at this rate moves a kernel a little; one drawn at random lies far from the packaged one."""
    packaged = weights.load("lanmsff_ferplus").blocks[2].conv1.conv.weight
    kernel = torch.load(next(trained.glob("best_*.pth")), weights_only=False)["state_dict"][
        "backbone.blocks.2.conv1.conv.weight"]
    assert (kernel - packaged).norm() < 0.1 * packaged.norm()


def test_classes_in_another_order_than_their_folders_are_refused(folder):
    config = folder / "shuffled.py"
    config.write_text((folder / "own_images.py").read_text().replace(
        "('anger', 'happiness', 'neutral', 'surprise')", "('neutral', 'happiness', 'anger', 'surprise')"))
    done = call_command("train", config, "--work-dir", folder / "shuffled", "--cfg-options", *QUICK)
    assert done.returncode == 2 and "but their folders are numbered anger, happiness, neutral, surprise" in done.stderr
    assert not list((folder / "shuffled").glob("*"))


@own_hook
def test_a_checkpoint_of_mmengines_own_hook_is_tested_and_gives_a_report(folder, trained):
    tested = run("test", folder / "own_images.py", trained, "--work-dir", trained, "--cfg-options", *QUICK)
    predictions = Predictions.load(trained / "test.npz")
    assert predictions.labels.tolist() == [i for i in range(4) for _ in range(PER_CLASS)]
    accuracy = float(re.search(r"accuracy/top1 ([\d.]+)", tested)[1])
    assert accuracy == pytest.approx(100 * predictions.accuracy, abs=0.05)
    assert all(f"recall/{name}" in tested for name in CLASSES)
    (trained / "own_images.py").write_text(standalone(folder / "own_images.py"))  # these forks dump none
    run("report", trained, "--out", folder / "report.html")
    assert f"<td>{100 * predictions.accuracy:.2f}</td>" in (folder / "report.html").read_text()


@own_hook
def test_a_checkpoint_of_mmengines_own_hook_is_resumed(folder, trained):
    run("train", folder / "own_images.py", "--work-dir", trained, "--resume", "--cfg-options", *QUICK,
        "train_cfg.max_epochs=2")
    assert (trained / "epoch_2.pth").is_file() and not (trained / "epoch_1.pth").exists()


@own_hook
def test_another_network_with_a_layer_of_ours_learns_from_folders(folder):
    config = folder / "resnet.py"
    config.write_text(
        "_base_ = 'own_images.py'\n"
        "model = dict(backbone=dict(_delete_=True, type='lanmsff_plugins.BackboneWithPlugins', "
        "backbone=dict(type='ResNet', depth=18, in_channels=1, base_channels=8, stem_channels=8), "
        "plugins=[dict(cfg=dict(type='lanmsff_plugins.MassAtt'), after='layer*.?.bn2')], input_shape=(1, 64, 64)), "
        "neck=dict(_delete_=True, type='GlobalAveragePooling'), head=dict(in_channels=64))\n")
    run("train", config, "--work-dir", folder / "resnet", "--cfg-options", *QUICK)
    run("test", config, folder / "resnet", "--work-dir", folder / "resnet", "--cfg-options", *QUICK)
    assert len(Predictions.load(folder / "resnet" / "test.npz")) == 4 * PER_CLASS


def test_a_config_can_build_on_one_of_mmpretrains(tmp_path):
    pytest.importorskip("pkg_resources")  # of setuptools, which MMEngine asks where mmpretrain is
    (tmp_path / "own.py").write_text(
        "_base_ = 'mmpretrain::resnet/resnet18_8xb32_in1k.py'\nmodel = dict(head=dict(num_classes=4))\n")
    cfg = read_config(tmp_path / "own.py")
    assert (cfg.model.backbone.type, cfg.model.head.num_classes) == ("ResNet", 4)
    (tmp_path / "alone.py").write_text(standalone(tmp_path / "own.py"))
    assert read_config(tmp_path / "alone.py").to_dict() == cfg.to_dict()


def test_the_page_shows_the_config_that_is_tested():
    assert '--8<-- "docs/examples/configs/own_images.py"' in (ROOT / "docs" / "own_images.md").read_text()
