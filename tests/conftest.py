"""What many tests share: the folder of real data if there is one, and drawn data sets."""
import json
import os
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import distributed

from lanmsff_plugins import weights
from lanmsff_plugins.data.fer2013.selection import select_ferplus
from lanmsff_plugins.data.synthetic.writers import write_fer2013, write_kdef
from lanmsff_plugins.models.naming import to_mm
from lanmsff_plugins.pictures import read_picture
from lanmsff_plugins.scores import Predictions

from .processes import MODERN, ROOT, run_process

torch.set_num_threads(1)  # enough for so small a network; on a busy machine more threads wait for one another


def pytest_report_header() -> str | None:
    return None if find_spec("mmpretrain") else "OpenMMLab is not installed: tests/mm and more are left out"


@pytest.fixture(scope="session")
def keras_parity() -> Path:
    """Numbers of the authors' Keras model; tests/fixtures/README.md says what they are."""
    return ROOT / "tests" / "fixtures" / "keras_parity"


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with the real fer2013.csv and fer2013new.csv."""
    if "LANMSFF_DATA" not in os.environ:
        pytest.skip("LANMSFF_DATA does not name a folder with the real fer2013.csv and fer2013new.csv")
    return Path(os.environ["LANMSFF_DATA"])


@pytest.fixture(scope="session")
def drawn_faces(tmp_path_factory) -> Path:
    """A folder with 400 drawn faces as fer2013.csv and fer2013new.csv."""
    folder = tmp_path_factory.mktemp("faces")
    write_fer2013(folder, faces=400)
    return folder


@pytest.fixture(scope="session")
def drawn_kdef(tmp_path_factory) -> Path:
    """A folder with 10 drawn people as KDEF has them, in small pictures."""
    folder = tmp_path_factory.mktemp("kdef")
    write_kdef(folder, people=10, size=(56, 76))
    return folder


@pytest.fixture(scope="session")
def tested_dir(tmp_path_factory) -> Path:
    """A work dir whose best checkpoint holds the packaged weights."""
    folder = tmp_path_factory.mktemp("run")
    state_dict = to_mm(load_file(weights.weights_file("lanmsff_ferplus")))
    last = {"steps": torch.tensor(9), **{f"module.{name}": value * 0 for name, value in state_dict.items()}}
    torch.save({"state_dict": state_dict, "ema_state_dict": last, "meta": {"epoch": 3, "seed": 7}},
               folder / "best_accuracy_top1_epoch_3.pth")
    logs = folder / "20260101_000000" / "vis_data"
    logs.mkdir(parents=True)
    records = [{"loss": 2 - i / 10, "step": 50 * i} for i in range(10)] + [{"accuracy/top1": 40., "step": 1}]
    (logs / "scalars.json").write_text("".join(json.dumps(record) + "\n" for record in records) + '{"loss": 1')
    return folder


@pytest.fixture(scope="session")
def last_ten(drawn_faces, tmp_path_factory) -> Path:
    """A list of the last ten faces of the test split."""
    path = tmp_path_factory.mktemp("lists") / "last.txt"
    path.write_text("\n".join(select_ferplus(drawn_faces, "test").names[-10:]))
    return path


@pytest.fixture(scope="session")
def printed(tested_dir, drawn_faces, last_ten) -> str:
    """What is printed of the test split with a list, after both splits and the mirror images have been tested too."""
    for args in (["--split", "val"], ["--tta"], ["--list", f"last={last_ten}"]):
        done = run_process("test", MODERN, tested_dir, "--work-dir", tested_dir, *args, "--cfg-options", *(
            f"{split}_dataloader.dataset.data_root={drawn_faces}" for split in ("train", "val", "test")))
        assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def predictions(tested_dir, printed) -> Predictions:
    return Predictions.load(tested_dir / "test.npz")


@pytest.fixture(scope="module")
def one_process(tmp_path_factory):
    """A process group of this process alone, for what wraps a model for several."""
    store = tmp_path_factory.mktemp("store") / "store"
    distributed.init_process_group("gloo", init_method=f"file://{store}", rank=0, world_size=1)
    yield
    distributed.destroy_process_group()


@pytest.fixture(scope="session")
def astronaut() -> Path:
    """A photograph with one smiling face, which scikit-image brings: Eileen Collins, by NASA, in the public domain."""
    found = find_spec("skimage")
    if found is None:
        pytest.skip("scikit-image, which has a photograph of a face, is not installed")
    return Path(found.origin).parent / "data" / "astronaut.png"


@pytest.fixture(scope="session")
def smiling(astronaut) -> np.ndarray:
    """The part of it that holds the face: (170, 190, 3)."""
    return read_picture(astronaut, colour=True)[30:200, 130:320]


@pytest.fixture(scope="session")
def video(smiling, tmp_path_factory) -> Path:
    """Two seconds at ten frames a second, 320x240: the face moves to the right; for the last half it is away."""
    cv2 = pytest.importorskip("cv2")
    path = tmp_path_factory.mktemp("video") / "talk.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 10, (320, 240))
    for i in range(20):
        frame = np.full((240, 320, 3), 127, np.uint8)
        if i < 15:
            frame[40:210, 10 + 6 * i:200 + 6 * i] = smiling[..., ::-1]
        writer.write(frame)
    writer.release()
    return path


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node, error) -> None:
    """Say the status with which a worker of xdist ended before its time; below zero it is a signal's number."""
    if error:
        print(f"\n{node.gateway.id} ended with status {node.gateway._io.popen.wait(10)}")
