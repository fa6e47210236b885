"""A work dir holds one comparison, on the same pictures and with the same settings."""
import json
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("mmpretrain")

from lanmsff_plugins.base.errors import ConfigError  # noqa: E402
from lanmsff_plugins.comparison.runs import Comparison, folder_of, make_plan  # noqa: E402
from lanmsff_plugins.scores import Predictions  # noqa: E402

from .pictures import CLASSES, draw_folders  # noqa: E402

SHAPE = (3, 16, 16)


@pytest.fixture
def root(tmp_path):
    return draw_folders(tmp_path / "pictures")


@pytest.fixture
def plan(root, tmp_path):
    return make_plan(str(root), "", SHAPE, tmp_path, host="test_resnet")


def test_a_plan_says_what_is_compared_on(plan, drawn_faces, tmp_path):
    assert (plan.train, plan.val, plan.batch, plan.classes) == (24, 6, 24, tuple(sorted(CLASSES)))
    faces = make_plan("ferplus", str(drawn_faces), (1, 32, 32), tmp_path, host="lanmsff")
    assert len(faces.classes) == 8 and faces.batch == 32 < faces.train


def test_the_same_pictures_have_the_same_mark_wherever_they_are(plan, root, tmp_path):
    moved = root.rename(tmp_path / "elsewhere")
    assert make_plan(str(moved), "", SHAPE, tmp_path, host="test_resnet").pictures == plan.pictures
    next(moved.rglob("*.PNG")).unlink()
    assert make_plan(str(moved), "", SHAPE, tmp_path, host="test_resnet").pictures != plan.pictures


def test_epochs_that_were_settled_stay_and_other_settings_are_refused(plan, tmp_path):
    Comparison(plan, tmp_path).settle(7)
    assert Comparison(plan, tmp_path).plan.epochs == 7
    assert Comparison(replace(plan, data="moved", epochs=7), tmp_path).plan.epochs == 7
    for change in ({"epochs": 8}, {"host": "resnet18"}, {"batch": 8}, {"pictures": "0"}, {"mirror": False}):
        with pytest.raises(ConfigError, match=f"plan.json is of a comparison with {[*change][0]}=.*another --work-dir"):
            Comparison(replace(plan, **change), tmp_path)


def test_a_training_that_was_done_is_read_and_not_done_again(plan, tmp_path):
    comparison = Comparison(plan, tmp_path)
    comparison.settle(7)
    folder = tmp_path / "SAFM" / "seed_1"
    scores = np.eye(3)[[0, 1, 2, 0, 0, 0]]
    Predictions(scores, np.array([0, 1, 2, 0, 1, 2]), np.arange(6), *[np.full(6, "")] * 2).save(folder / "val.npz")
    (folder / "step_times.json").write_text('{"step": 0.25, "training": 9}')
    (folder / "epoch_7.pth").write_bytes(b"left by a kill")
    assert not comparison.is_done("SAFM", 1)
    (folder / "result.json").write_text(json.dumps({"protocol": {}, "metrics": {}}))
    result = comparison.train("SAFM", 1)
    assert result.hits.tolist() == [True] * 4 + [False] * 2 and result.step == 0.25
    assert not list(folder.glob("*.pth"))


@pytest.mark.parametrize(("layer", "folder"), [("SAFM", "SAFM"), ("torch.nn:Identity", "torch.nn_Identity")])
def test_a_layer_has_a_folder_that_every_system_takes(layer, folder):
    assert folder_of(layer) == folder
