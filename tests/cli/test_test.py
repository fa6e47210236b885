"""What testing leaves behind."""
import re

import numpy as np
import pytest
import timm
import torch

pytest.importorskip("mmpretrain")

from PIL import Image  # noqa: E402

import timm_registry  # noqa: E402, F401
from lanmsff_plugins.data.fer2013.selection import select_ferplus  # noqa: E402
from lanmsff_plugins.scores import Predictions, summarize  # noqa: E402

from ..mm.runs import call_command  # noqa: E402
from ..processes import MODERN, refusal  # noqa: E402


def test_testing_keeps_the_scores_of_every_face(predictions, printed, drawn_faces):
    np.testing.assert_allclose(predictions.scores.sum(1), 1, atol=1e-5)
    assert predictions.scores.shape[1] == 8 and len(set(predictions.rows)) == len(predictions)
    selected = select_ferplus(drawn_faces, "test")
    assert (predictions.names == selected.names).all() and (predictions.rows == selected.rows).all()
    accuracy = float(re.search(r"accuracy/top1 ([\d.]+)", printed)[1])
    assert accuracy == pytest.approx(100 * predictions.accuracy, abs=0.05)
    balanced = float(re.search(r"balanced_accuracy ([\d.]+)", printed)[1])
    assert balanced == pytest.approx(summarize(predictions)["balanced_accuracy"], abs=0.05)


@torch.no_grad()
def test_the_scores_are_those_of_the_checkpoints_weights(predictions, drawn_faces):
    model = timm.create_model("lanmsff.ferplus", pretrained=True).eval()
    pixels = select_ferplus(drawn_faces, "test").pictures[:20]
    enlarged = np.stack([Image.fromarray(face).resize((64, 64), Image.Resampling.BILINEAR) for face in pixels])
    scores = model(torch.from_numpy(enlarged)[:, None] / 255).softmax(1)
    np.testing.assert_allclose(scores, predictions.scores[:20], atol=1e-5)


def test_testing_tells_how_listed_faces_fare_and_the_others(predictions, printed, drawn_faces):
    last = np.isin(predictions.names, select_ferplus(drawn_faces, "test").names[-10:])
    assert 0 < last.sum() < len(last)
    for part, chosen in (("listed", last), ("others", ~last)):
        printed_accuracy = float(re.search(rf"last/{part} ([\d.]+)", printed)[1])
        assert printed_accuracy == pytest.approx(100 * predictions.take(chosen).accuracy, abs=0.05)


def test_averaging_with_the_mirror_image_leaves_weights_and_faces_as_they_are(tested_dir, predictions):
    """The average over a face and its mirror is within the two, so it stays near the face's own scores."""
    mirror = Predictions.load(tested_dir / "test_mirror.npz")
    np.testing.assert_array_equal(mirror.rows, predictions.rows)
    assert (2 * mirror.scores - predictions.scores).min() > -1e-5  # what is left is the mirror's own, a distribution
    assert not np.allclose(mirror.scores, predictions.scores, atol=1e-3)


def test_the_other_split_has_its_own_file(tested_dir, predictions):
    assert not set(Predictions.load(tested_dir / "val.npz").rows) & set(predictions.rows)


def test_the_training_split_has_the_label_mode_that_the_config_trains_with(tested_dir, drawn_faces, tmp_path):
    header, *votes = (drawn_faces / "fer2013new.csv").read_text().splitlines()
    votes[0] = re.sub(r"(,\d+){10}$", ",4,3,3,0,0,0,0,0,0,0", votes[0])  # of the training split, without a majority
    (tmp_path / "fer2013new.csv").write_text("\n".join([header, *votes]))
    (tmp_path / "fer2013.csv").symlink_to(drawn_faces / "fer2013.csv")
    done = call_command("test", MODERN, tested_dir, "--work-dir", tmp_path, "--split", "train", "--cfg-options",
               f"test_dataloader.dataset.data_root={tmp_path}")
    assert done.returncode == 0, done.stderr
    kept, all_of_them = (select_ferplus(tmp_path, "train", mode).rows for mode in ("majority", "cross-entropy"))
    assert 0 not in kept and (Predictions.load(tmp_path / "train.npz").rows == all_of_them).all()


def test_testing_needs_the_data_that_it_tests_on_and_no_others(tested_dir, drawn_faces, tmp_path):
    done = call_command("test", "lanmsff_ferplus", tested_dir, "--work-dir", tmp_path, "--cfg-options",
                       "train_dataloader.dataset.data_root=nowhere", "val_dataloader.dataset.data_root=nowhere",
                       f"test_dataloader.dataset.data_root={drawn_faces}", "test_dataloader.dataset.indices=8")
    assert done.returncode == 0, done.stderr
    assert len(Predictions.load(tmp_path / "test.npz")) == 8


@pytest.mark.parametrize(("option", "message"), [
    ("tset_dataloader.batch_size=8", "unknown setting 'tset_dataloader'; did you mean test_dataloader?"),
    ("model.backbone.drop=0", "unknown setting of model.backbone 'drop'")])
def test_a_slip_is_one_line(tested_dir, tmp_path, option, message):
    assert message in refusal(call_command("test", MODERN, tested_dir, "--work-dir", tmp_path, "--cfg-options", option))


def test_a_checkpoint_of_another_network_is_refused(tested_dir):
    assert re.search(r"does not fit the model: head.fc.weight is \[7, 156\] there, \[8, 156\] in the file; name the ",
                     refusal(call_command("test", "mm_configs/lanmsff_fer2013_modern.py", tested_dir)))


@pytest.mark.parametrize(("args", "line"), [
    (["--list", "last.txt"], "argument --list: expected NAME=FILE, got 'last.txt'"),
    (["--list", "last=missing.txt"], "no list of faces at missing.txt"),
    (["--cfg-options", "model"], "--cfg-options takes KEY=VALUE, with the brackets of lists closed, got model"),
    (["--cfg-options", "a=[1,2"], "--cfg-options takes KEY=VALUE, with the brackets of lists closed, got a=[1,2")])
def test_an_option_that_cannot_be_is_one_line(tested_dir, drawn_faces, tmp_path, args, line):
    done = call_command("test", MODERN, tested_dir, "--work-dir", tmp_path, "--cfg-options",
               f"test_dataloader.dataset.data_root={drawn_faces}", *args)
    assert line in refusal(done) and not list(tmp_path.glob("*.npz"))
