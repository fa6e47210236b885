"""Weights that are not the ones meant: damaged, incomplete, of another network, or under other names."""
import random as random_module
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random

import numpy as np
import onnxruntime
import timm
import torch
from safetensors.torch import save_file

import timm_registry  # noqa: F401  (timm knows lanmsff from here on)
from lanmsff_plugins.models.naming import from_mm

from .case import Case, Family, Outcome, misspelt
from .world import KERAS, MODEL, tiny, world

__all__ = ["FAMILIES"]

Damage = Callable[[dict, Random], object]  # what a checkpoint holds, to what stands in its place


def _value(value: float) -> Damage:
    def damage(checkpoint: dict, random: Random) -> dict:
        tensor = checkpoint["state_dict"][_floating(checkpoint, random)]
        tensor[tuple(random.randrange(side) for side in tensor.shape)] = value
        return checkpoint
    return damage


def _floating(checkpoint: dict, random: Random) -> str:
    return random.choice([name for name, value in checkpoint["state_dict"].items() if value.is_floating_point()])


def _without(checkpoint: dict, random: Random) -> dict:
    del checkpoint["state_dict"][_floating(checkpoint, random)]  # PyTorch adds a missing count of batches by itself
    return checkpoint


def _renamed(checkpoint: dict, random: Random) -> dict:
    name = random.choice(list(checkpoint["state_dict"]))
    checkpoint["state_dict"]["x" + name] = checkpoint["state_dict"].pop(name)
    return checkpoint


def _reshaped(checkpoint: dict, random: Random) -> dict:
    name = _floating(checkpoint, random)
    value = checkpoint["state_dict"][name]
    checkpoint["state_dict"][name] = torch.cat([value, value])
    return checkpoint


def _as(value: object) -> Damage:
    def damage(checkpoint: dict, random: Random) -> dict:
        checkpoint["state_dict"][random.choice(list(checkpoint["state_dict"]))] = value
        return checkpoint
    return damage


def _network(name: str, **kwargs) -> Damage:
    return lambda checkpoint, random: {"state_dict": timm.create_model(name, **kwargs).state_dict()}


DAMAGES: dict[str, Damage] = {
    "a weight that is NaN": _value(float("nan")),
    "a weight that is infinite": _value(float("-inf")),
    "a key left out": _without,
    "a key renamed": _renamed,
    "a tensor of another shape": _reshaped,
    "a weight that is a string": _as("1.5"),
    "a weight that is None": _as(None),
    "a weight that is a list": _as([1., 2.]),
    "seven classes": _network("lanmsff", channels=(12, 12, 12, 12), num_classes=7),
    "other widths": _network("lanmsff", channels=(12, 12, 12, 18)),
    "another network": _network("resnet18", num_classes=8),
    "no state dict": lambda checkpoint, random: {"meta": {}, "epoch": 3},
    "an empty dict": lambda checkpoint, random: {},
    "an empty state dict": lambda checkpoint, random: {**checkpoint, "state_dict": {}},
    "state_dict None": lambda checkpoint, random: {**checkpoint, "state_dict": None},
    "state_dict a list": lambda checkpoint, random: {**checkpoint, "state_dict": list(checkpoint["state_dict"])},
    "a list": lambda checkpoint, random: [1, 2],
    "a tensor": lambda checkpoint, random: torch.rand(3),
    "a string": lambda checkpoint, random: "weights",
    "a number": lambda checkpoint, random: 7,
}
FILES: dict[str, Callable[[bytes, Random], bytes]] = {
    "an empty file": lambda content, random: b"",
    "random bytes": lambda content, random: random.randbytes(2000),
    "a file cut off": lambda content, random: content[:random.randrange(1, len(content))],
    "a text file": lambda content, random: b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
    "a web page": lambda content, random: b"<!DOCTYPE html><html><body>404</body></html>",
    "zeros": lambda content, random: bytes(5000),
}
# The same weights as others write them; all must be taken.
FORMS: dict[str, Callable[[dict], dict]] = {
    "as they are": lambda weights: weights,
    "module.": lambda weights: {f"module.{name}": value for name, value in weights.items()},
    "_orig_mod.": lambda weights: {f"_orig_mod.{name}": value for name, value in weights.items()},
    "module._orig_mod.": lambda weights: {f"module._orig_mod.{name}": value for name, value in weights.items()},
    "under state_dict": lambda weights: {"state_dict": weights},
    "under model": lambda weights: {"model": weights, "epoch": 3},
    "under state_dict, module.": lambda weights: {
        "state_dict": {f"module.{name}": value for name, value in weights.items()}},
    "an average beside": lambda weights: {"state_dict": _noise(weights), "state_dict_ema": weights},
    "an average beside, under model_ema": lambda weights: {"model": _noise(weights), "model_ema": weights},
    "half precision": lambda weights: {
        name: value.half() if value.is_floating_point() else value for name, value in weights.items()},
    "double precision": lambda weights: {
        name: value.double() if value.is_floating_point() else value for name, value in weights.items()},
    "on top of others, in another order": lambda weights: dict(reversed(weights.items())),
}


def _noise(weights: dict) -> dict:
    return {name: torch.rand_like(value) if value.is_floating_point() else value for name, value in weights.items()}


def damaged(door: str, random: Random) -> Case:
    """A damaged checkpoint, for ``test``, ``load_from``, ``--resume`` or ``export``."""
    what = random.choice([*DAMAGES, *FILES])
    seed, suffix = random.random(), random.choice([".pth", ".pth", ".pt", ".safetensors"]) if what in FILES else ".pth"

    def prepare(folder: Path) -> None:
        draw = random_module.Random(seed)
        path = folder / f"x{suffix}"
        if what in FILES:
            path.write_bytes(FILES[what](world().checkpoint.read_bytes(), draw))
        else:
            torch.save(DAMAGES[what](world().weights(), draw), path)

    return Case(f"{what}, {suffix}" if what in FILES else f"{what} ({seed:.4f})", _argv(door, f"x{suffix}"), prepare)


def in_another_form(door: str, random: Random) -> Case:
    """The run's weights as other programs write them."""
    what = random.choice(list(FORMS))
    suffix = random.choice([".pth", ".pth.tar", ".safetensors"])
    mm = random.choice([True, False]) or door != "export"

    def prepare(folder: Path) -> None:
        weights = world().weights()["state_dict"]
        if not mm:
            weights = from_mm(weights)
        found = FORMS[what](weights)
        if suffix == ".safetensors" and all(isinstance(value, torch.Tensor) for value in found.values()):
            save_file({name: value.contiguous() for name, value in found.items()}, folder / f"x{suffix}")
        elif suffix == ".safetensors":
            torch.save(found, folder / "x.safetensors")  # which is none
        else:
            torch.save(found, folder / f"x{suffix}")

    nested = what.startswith(("under", "an average"))
    if suffix == ".safetensors" and nested:
        return Case(f"{what}, pickled as .safetensors", _argv(door, f"x{suffix}"), prepare)
    return Case(f"{what}, {suffix}, {'MMEngine' if mm else 'timm'}'s names", _argv(door, f"x{suffix}"), prepare,
                right=_same_accuracy if door == "test" else _same_logits, must_be_taken=True)


def _argv(door: str, file: str) -> tuple[str, ...]:
    here = world()
    if door == "export":
        return "export", MODEL, "x.onnx", "--checkpoint", file
    if door == "test":
        return "test", "lanmsff_ferplus", file, "--work-dir", "w", *tiny(here.faces)
    if door == "--resume":
        return "train", "lanmsff_ferplus", "--work-dir", "w", "--resume", file, *tiny(here.faces, epochs=3)
    return "train", "lanmsff_ferplus", "--work-dir", "w", *tiny(here.faces, f"load_from={file}")


def _same_accuracy(folder: Path, outcome: Outcome) -> None:
    with np.load(folder / "w" / "test.npz") as found, np.load(world().run / "test.npz") as expected:
        off = np.abs(found["scores"] - expected["scores"]).max()
    assert off < 1e-2, f"scores differ by {off:.3f}"


def _same_logits(folder: Path, outcome: Outcome) -> None:
    model = timm.create_model("lanmsff", channels=(12, 12, 12, 12)).eval()
    model.load_state_dict(from_mm(world().weights()["state_dict"]))
    faces = torch.rand(4, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    session = onnxruntime.InferenceSession(folder / "x.onnx", providers=["CPUExecutionProvider"])
    logits = session.run(None, {session.get_inputs()[0].name: faces.numpy()})[0]
    with torch.no_grad():
        off = np.abs(logits - model(faces).numpy()).max()
    assert off < 2e-2, f"logits differ by {off:.3f}"


def misnamed(command: str, random: Random) -> Case:
    """A model's name with one letter wrong."""
    name = misspelt(random, random.choice(["lanmsff", "lanmsff_small", "lanmsff.ferplus", "lanmsff_ferplus",
                                           "lanmsff.fer2013", "resnet18", "mobilenetv3_small_050"]))
    return Case(f"{command} {name}", (command, name, *(["x.onnx"] if command == "export" else [])))


def work_dir(random: Random) -> Case:
    """A finished run with one file damaged, resumed."""
    what = random.choice(["last_checkpoint empty", "last_checkpoint random", "last_checkpoint names nothing",
                          "last_checkpoint is a folder", "the checkpoint is cut off", "the checkpoint is gone"])

    def prepare(folder: Path) -> None:
        shutil.copytree(world().run, folder / "w")
        last, checkpoint = folder / "w" / "last_checkpoint", folder / "w" / "epoch_2.pth"
        if what.startswith("last"):
            last.unlink()
        else:
            last.write_text(str(checkpoint))
        match what:
            case "last_checkpoint empty":
                last.write_bytes(b"")
            case "last_checkpoint random":
                last.write_bytes(random_module.Random(0).randbytes(64))
            case "last_checkpoint names nothing":
                last.write_text("/nonexistent/epoch_9.pth")
            case "last_checkpoint is a folder":
                last.mkdir()
            case "the checkpoint is cut off":
                checkpoint.write_bytes(checkpoint.read_bytes()[:-500])
            case _:
                checkpoint.unlink()

    argv = ("train", "lanmsff_ferplus", "--work-dir", "w", "--resume", *tiny(world().faces, epochs=3))
    return Case(what, argv, prepare)


def predictions(random: Random) -> Case:
    """A finished run whose predictions or log are damaged, reported on."""
    what = random.choice(["predictions cut off", "predictions empty", "predictions of text", "log cut off",
                          "log of text", "scores with NaN", "labels out of range", "scores of one row more"])

    def prepare(folder: Path) -> None:
        shutil.copytree(world().run, folder / "w")
        file = folder / "w" / "test.npz"
        log = next((folder / "w").glob("*/vis_data/scalars.json"))
        with np.load(file) as held:
            arrays = dict(held)
        match what:
            case "predictions cut off":
                file.write_bytes(file.read_bytes()[:-100])
            case "predictions empty":
                file.write_bytes(b"")
            case "predictions of text":
                file.write_text("scores")
            case "log cut off":
                log.write_bytes(log.read_bytes()[:-10])
            case "log of text":
                log.write_text("nothing\nhere\n")
            case "scores with NaN":
                arrays["scores"][0, 0] = np.nan
            case "labels out of range":
                arrays["labels"][0] = 99
            case _:
                arrays["scores"] = np.concatenate([arrays["scores"], arrays["scores"][:1]])
        if what.startswith(("scores", "labels")):
            np.savez(file, **arrays)

    right = None if not what.startswith("log") else lambda folder, outcome: None
    return Case(what, ("report", "w", "--out", "page.html"), prepare, right)


def keras(random: Random) -> Case:
    """A Keras file that is damaged."""
    at, what = random.random(), random.choice(["cut off", "a byte changed in its head", "other bytes"])

    def prepare(folder: Path) -> None:
        content = bytearray(KERAS.read_bytes())
        if what == "cut off":
            content = content[:int(at * len(content))]
        elif what == "other bytes":
            content = random_module.Random(at).randbytes(3000)
        else:
            content[int(at * 8)] ^= 0xff
        (folder / "k.weights.h5").write_bytes(content)

    return Case(f"{what} ({at:.3f})", ("convert-keras", "k.weights.h5", "x.safetensors"), prepare)


FAMILIES = [
    *(Family({"--resume": "train", "load_from": "train"}.get(door, door), "weights", partial(damaged, door))
      for door in ("test", "--resume", "load_from", "export")),
    *(Family(door, "weights", partial(in_another_form, door)) for door in ("test", "export")),
    *(Family(command, "weights", partial(misnamed, command)) for command in ("export", "flops", "benchmark")),
    Family("train", "weights", work_dir),
    Family("report", "weights", predictions),
    Family("convert-keras", "weights", keras),
]
