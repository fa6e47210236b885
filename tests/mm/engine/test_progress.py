"""A training shows one line with the remaining time, and keeps MMEngine's log in its file."""
import re

from ..runs import call_command

CONFIG = "mm_configs/lanmsff_ferplus.py"


def train(data_root, work_dir):
    options = [f"{split}_dataloader.dataset.{key}={value}" for split in ("train", "val")
               for key, value in (("data_root", data_root), ("indices", 32))]
    return call_command("train", CONFIG, "--work-dir", work_dir, "--cfg-options", *options, "train_cfg.max_epochs=2",
                        "train_dataloader.dataset.versions=1", "train_dataloader.batch_size=8",
                        "train_dataloader.dataset.pipeline.0.scale=32", "val_dataloader.dataset.pipeline.1.scale=32")


def test_the_terminal_shows_where_it_is_and_the_log_file_has_the_rest(drawn_faces, tmp_path):
    done = train(drawn_faces, tmp_path)
    assert done.returncode == 0, done.stderr
    lines = done.stderr.splitlines()
    assert re.fullmatch(rf"training 2 epochs of 4 steps; log in {tmp_path}/\d+_\d+", lines[0])
    assert re.fullmatch(r"epoch 1/2, step 1/4, loss \d\.\d{3}, 0:\d\d:\d\d left", lines[1])
    validations = [line for line in lines if "validation: " in line]
    assert [line.split(",")[0] for line in validations] == ["epoch 1/2", "epoch 2/2"]
    assert all("accuracy/top1" in line for line in validations) and len(lines) < 8
    best, following = done.stdout.splitlines()
    assert re.fullmatch(rf"best checkpoint: {tmp_path}/best_cross_entropy_epoch_\d.pth", best)
    assert following == f"next: lanmsff test {CONFIG} {tmp_path}"
    log, = tmp_path.glob("*/*.log")
    assert "System environment" in log.read_text() and "Epoch(train)" in log.read_text()


def test_a_training_over_an_earlier_one_says_so(drawn_faces, tmp_path):
    (tmp_path / "epoch_7.pth").touch()
    done = train(drawn_faces, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[0] == (
        f"note: {tmp_path} has checkpoints of an earlier training, which this one overwrites; --resume would go on "
        "from them")
