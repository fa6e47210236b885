"""The undamaged inputs that the cases are made from: drawn faces, a finished run, its checkpoint, packaged weights."""
import atexit
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

import torch

from lanmsff_plugins.cli.main import main
from lanmsff_plugins.data.synthetic import write_fer2013, write_kdef

__all__ = ["CHANNELS", "KERAS", "MODEL", "ROOT", "World", "tiny", "world"]

ROOT = Path(__file__).resolve().parent.parent.parent
KERAS = ROOT / "tests" / "fixtures" / "keras_parity" / "lanmsff.weights.h5"
CHANNELS = [12, 12, 12, 12]
MODEL = "lanmsff(channels=(12,12,12,12))"  # as the commands name the network of the run


class World:
    """Attributes are paths.

    Attributes:
        faces: 60 drawn faces in FER-2013's format, with FERPlus's votes.
        kdef: Drawn photographs of three people in KDEF's format.
        run: A work dir of two epochs on ``faces``, with a test.
        checkpoint: Its last checkpoint.
        accuracy: Of that checkpoint on the test split, in percent.
    """

    def __init__(self, root: Path):
        self.root, self.faces, self.kdef, self.run = root, root / "fer", root / "kdef", root / "run"
        write_fer2013(self.faces, faces=60)
        write_kdef(self.kdef, people=3)
        main("train", ["lanmsff_ferplus", "--work-dir", str(self.run), *tiny(self.faces)])
        self.checkpoint = self.run / "epoch_2.pth"
        main("test", ["lanmsff_ferplus", str(self.checkpoint), "--work-dir", str(self.run), *tiny(self.faces)])

    def weights(self) -> dict:
        """What the checkpoint holds."""
        return torch.load(self.checkpoint, weights_only=True)


@cache
def world() -> World:
    """Made once, before anything forks, and removed by the process that made it."""
    root, maker = Path(tempfile.mkdtemp(prefix="faults")), os.getpid()
    atexit.register(lambda: os.getpid() == maker and shutil.rmtree(root, ignore_errors=True))
    return World(root)


def tiny(data_root: Path, *more: str, epochs: int = 2) -> list[str]:
    """``--cfg-options`` for a run of a second."""
    options = [f"train_cfg.max_epochs={epochs}", f"model.backbone.channels={CHANNELS}".replace(" ", ""),
               f"model.neck.in_channels={CHANNELS}".replace(" ", ""), "model.head.in_channels=24",
               "train_dataloader.dataset.versions=1", "train_dataloader.dataset.indices=16",
               "val_dataloader.dataset.indices=8", "test_dataloader.dataset.indices=8", "log_level=ERROR"]
    options += [f"{split}_dataloader.{setting}" for split in ("train", "val", "test") for setting in (
        "num_workers=0", "persistent_workers=False", "batch_size=8", f"dataset.data_root={data_root}")]
    return ["--cfg-options", *options, *more]
