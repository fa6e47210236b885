"""Networks of others and ours behind one door: faces to scores.

    with Classifier(peers()["fer 25.10.3"], Path("work_dirs/peers")) as classify:
        classify(faces)    # (N, H, W) uint8 to (N, 7)

Each is installed into a folder of its own, as peers.toml pins it, and runs in a process of its own on one thread. What
it has said of pictures is kept, so that the process is started only for those that are new.
"""
import io
import json
import os
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import NoReturn

import numpy as np

from lanmsff_plugins import weights
from lanmsff_plugins.base.errors import DataError
from lanmsff_plugins.base.files import write_atomically
from lanmsff_plugins.data.catalog import DATASETS
from lanmsff_plugins.reporting.cards import data_set

try:
    import tomllib
except ImportError:  # Python 3.10, where pip, which is needed here anyway, brings the same parser
    from pip._vendor import tomli as tomllib

HERE = Path(__file__).resolve().parent
CATALOG = tomllib.loads((HERE / "peers.toml").read_text())
LABELS = {row.title: row for row in (DATASETS["fer2013"], DATASETS["ferplus"])}  # both of the same faces
SAME = {"angry": "anger", "disgusted": "disgust", "fearful": "fear", "happy": "happiness", "sad": "sadness",
        "surprised": "surprise"}  # other words for the classes of FERPlus
ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}


@dataclass(frozen=True)
class Peer:
    """A network that can be asked.

    Attributes:
        name: What the tables call it.
        worker: Its script in workers/.
        classes: Its classes in its own words, in the order of its scores.
        runs: What runs it.
        licence: Of the package.
        labels: The one of ``LABELS`` that it is judged by where there is one figure only; FERPlus's, which ten people
            gave for each face, have fewer errors than FER-2013's.
        arguments: Of the worker.
        pip: Packages to install for Python.
        npm: Packages to install for Node.
    """

    name: str
    worker: str
    classes: tuple[str, ...]
    runs: str
    licence: str
    labels: str = "FERPlus"
    arguments: tuple[str, ...] = ()
    pip: tuple[str, ...] = ()
    npm: tuple[str, ...] = ()


def peers() -> dict[str, Peer]:
    """All that can be asked, ours first."""
    rows = {}
    for name in weights.names():
        card = weights.card(name)
        rows[name] = {"worker": "ours.py", "arguments": [name, card["sha256"]], "classes": card["classes"],
                      "runs": "PyTorch", "licence": "MIT", "labels": data_set(card["data"]["type"]).title}
    return {name: Peer(name, **{key: value if isinstance(value, str) else tuple(value) for key, value in row.items()})
            for name, row in (rows | CATALOG["peers"]).items()}


def named(classes: Iterable[str]) -> np.ndarray:
    """Classes by FERPlus's names."""
    return np.array([SAME.get(name, name) for name in classes])


@dataclass(frozen=True)
class Faces:
    """Faces with their labels.

    Attributes:
        pictures: (N, H, W) uint8.
        labels: By label set, (N,) the name of the class of each, '' where it has none.
        rows: (N,) the row of each in the data set's file.
        names: (N,) the name of its image in FERPlus, '' where it has none.
    """

    pictures: np.ndarray
    labels: dict[str, np.ndarray]
    rows: np.ndarray
    names: np.ndarray

    def __getitem__(self, which: slice | np.ndarray) -> "Faces":
        return Faces(self.pictures[which], {title: of[which] for title, of in self.labels.items()}, self.rows[which],
                     self.names[which])


def with_checkpoint(peer: Peer, checkpoint: Path) -> Peer:
    """One of our networks with other weights."""
    digest = sha256(checkpoint.read_bytes()).hexdigest()
    return replace(peer, name=checkpoint.as_posix(),
                   arguments=(peer.arguments[0], digest, "--checkpoint", str(checkpoint)))


def in_openvino(peer: Peer) -> Peer:
    """One of our networks, run by OpenVINO, in which it is fastest."""
    return replace(peer, runs="OpenVINO", arguments=(*peer.arguments, "--engine", "openvino"))


def labelled_faces(data_root: Path, split: str = "test") -> Faces:
    """All faces of PrivateTest, or for 'val' of PublicTest."""
    selected = {title: row.select(data_root, split) for title, row in LABELS.items()}
    every = selected["FER-2013"]

    def by_row(title: str, values: np.ndarray) -> np.ndarray:
        known = dict(zip(selected[title].rows.tolist(), values.tolist()))
        return np.array([known.get(row, "") for row in every.rows.tolist()])

    labels = {title: by_row(title, named(row.classes)[selected[title].labels]) for title, row in LABELS.items()}
    return Faces(every.pictures[:], labels, every.rows, by_row("FERPlus", selected["FERPlus"].names))


def accuracy(peer: Peer, scores: np.ndarray, labels: np.ndarray) -> float:
    """In percent, of the faces (N,) that have a label."""
    return 100 * float((named(peer.classes)[scores.argmax(1)] == labels)[labels != ""].mean())


class Classifier:
    """A function from faces (N, H, W) uint8 to scores (N, C) float32; use it by ``with``.

    Args:
        peer: One of :func:`peers`.
        folder: Where its packages are installed, and where its scores are kept.

    Attributes:
        seconds: Processor time that it has classified for so far.
    """

    def __init__(self, peer: Peer, folder: Path):
        self.peer, self.folder, self.seconds = peer, folder, 0.
        self._script = HERE / "workers" / peer.worker
        self._scores = folder / "scores" / _file_name(peer.name)
        self._log = self._scores / "worker.log"
        self._process: subprocess.Popen | None = None

    def __enter__(self) -> "Classifier":
        return self

    def __exit__(self, *_) -> None:
        if self._process is not None:
            self._process.stdin.close()
            self._process.wait()

    def __call__(self, faces: np.ndarray) -> np.ndarray:
        """The scores of faces; those that are known already are read from a file."""
        asked = repr((self.peer, faces.shape)).encode() + self._script.read_bytes() + faces.tobytes()
        path = self._scores / f"{sha256(asked).hexdigest()}.npz"
        if not path.is_file():
            buffer = io.BytesIO()
            np.savez_compressed(buffer, scores=self.ask(faces))
            write_atomically(path, buffer.getvalue())
        return np.load(path)["scores"]

    def ask(self, faces: np.ndarray) -> np.ndarray:
        """The same from the process itself."""
        self._start()
        self._process.stdin.write(struct.pack("<3I", *faces.shape) + np.ascontiguousarray(faces).tobytes())
        self._process.stdin.flush()
        rows, classes, seconds = struct.unpack("<2Id", self._read(16))
        self.seconds += seconds
        return np.frombuffer(self._read(4 * rows * classes), "<f4").reshape(rows, classes)

    @cached_property
    def facts(self) -> dict[str, int]:
        """Its ``parameters``, and the ``size`` of its file in bytes."""
        self._start()
        return json.loads(self._first_line)

    def _start(self) -> None:
        if self._process is not None:
            return
        place = install(self.peer.pip, self.peer.npm, self.folder)
        command = (["node", self._script, place / "node_modules"] if self.peer.npm else
                   [sys.executable, "-W", "ignore", self._script])
        paths = os.pathsep.join(filter(None, [str(place), os.environ.get("PYTHONPATH")]))
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with open(self._log, "wb") as log:
            self._process = subprocess.Popen(
                [*command, *self.peer.arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                env={**os.environ, **ONE_THREAD, "PYTHONPATH": paths})
        self._first_line = self._process.stdout.readline() or self._stopped()

    def _read(self, size: int) -> bytes:
        content = self._process.stdout.read(size)
        return content if len(content) == size else self._stopped()

    def _stopped(self) -> NoReturn:
        said = last_line(self._log.read_text(errors="replace"))
        raise DataError(f"{self.peer.name} stopped: {said}; the whole is in {self._log}")


def install(pip: tuple[str, ...], npm: tuple[str, ...], folder: Path, dependencies: bool = False) -> Path:
    """The folder with some packages, which is made at the first call, whole or not at all.

    Args:
        pip: Packages for Python.
        npm: Packages for Node, where there are none for Python; nothing of theirs is run.
        folder: Where the folders of packages are.
        dependencies: Install what the packages for Python depend on, too.

    Raises:
        DataError: if they cannot be installed.
    """
    packages = [*pip, *npm]
    place = folder / "packages" / _file_name(packages[0] if packages else "none")
    if not place.is_dir():
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place.parent) as beside:
            unfinished = Path(beside, "packages")
            unfinished.mkdir()
            command = (["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--legacy-peer-deps",
                        "--prefix", unfinished] if npm else
                       [sys.executable, "-m", "pip", "install", "--target", unfinished,
                        *([] if dependencies else ["--no-deps"])])
            done = subprocess.run([*command, *packages], capture_output=True, text=True) if packages else None
            if done and done.returncode:
                raise DataError(f"{packages[0]} cannot be installed: {last_line(done.stderr)}")
            unfinished.rename(place)
    return place


def last_line(text: str) -> str:
    """What a program said last."""
    return (text.strip().splitlines() or ["nothing was said"])[-1]


def _file_name(name: str) -> str:
    return "".join(letter if letter.isalnum() or letter in ".-_" else "_" for letter in name)
