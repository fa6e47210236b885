"""Write a model for ONNX Runtime (.onnx), for OpenVINO (.xml), also as int8, or as a folder for the Hugging Face hub.

    lanmsff export lanmsff.ferplus lanmsff.onnx                                       packaged weights
    lanmsff export lanmsff lanmsff.onnx --checkpoint work_dirs/lanmsff_ferplus --classes ferplus
    lanmsff export lanmsff.ferplus lanmsff.onnx --int8 lanmsff.int8.onnx --data data/fer2013 --data-set ferplus
    lanmsff export lanmsff.ferplus lanmsff.xml                                        for OpenVINO, with lanmsff.bin
    lanmsff export lanmsff.ferplus --hub lanmsff_ferplus                              for timm and transformers

With --data it also prints the accuracy of each on the validation split. A model without a tag and without --checkpoint
is exported as well, with a note that it is untrained.
"""
import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from .. import weights
from ..base.errors import unknown
from ..base.files import write_atomically
from ..data.catalog import DATASETS
from ..export import (
    OPSET,
    compare_outputs,
    export_onnx,
    export_openvino,
    quantize_onnx,
    quantize_openvino,
    run_onnx,
    run_openvino,
    run_torch,
)
from ..inference.preprocess import to_batch
from ..reporting.hub import write_hub_folder
from .models import MODEL_HELP, add_shape_argument, build_and_try, is_untrained, load_checkpoint

__all__ = ["add_arguments", "labelled_faces", "run"]

CALIBRATION = 512  # faces; int8 changes little with more


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", help=MODEL_HELP)
    parser.add_argument("out", nargs="?", help="the file to write: .xml for OpenVINO, else ONNX")
    parser.add_argument("--hub", metavar="FOLDER",
                        help="write a folder for the Hugging Face hub: weights, config and model card")
    parser.add_argument("--checkpoint", metavar="FILE",
                        help="weights: a .pth or .safetensors file, or a folder with one (default: what MODEL has)")
    add_shape_argument(parser)
    parser.add_argument("--dynamic-size", action="store_true",
                        help="leave height and width open, for multiples of 16; the batch is always open")
    parser.add_argument("--opset", type=int, help=f"version of ONNX's operators (default: {OPSET})")
    parser.add_argument("--classes", nargs="+", default=[], metavar="NAME",
                        help=f"names of the classes, kept as metadata; or one of {', '.join(DATASETS)}")
    parser.add_argument("--int8", metavar="FILE", help="write an int8 form as well, calibrated with faces of --data")
    parser.add_argument("--data", metavar="DIR", help="folder of a data set, to measure the accuracy of each form")
    parser.add_argument("--data-set", choices=DATASETS, help="which data set it is (default: what --classes names)")


def run(args: argparse.Namespace) -> None:
    _check(args)
    named = args.classes[0] if len(args.classes) == 1 and args.classes[0] in DATASETS else None
    data_set = args.data_set or named
    if args.data and data_set is None:
        raise ValueError("--data needs to know which data set the folder holds, since their classes differ in order; "
                         f"name it by --data-set, one of {', '.join(DATASETS)}")
    model, shape, outputs = build_and_try(args.model, args.shape)
    classes, side = outputs.shape[1], shape[2]
    if args.data and shape[1] != side:
        raise ValueError(f"--data compares faces, which are square, got --shape {' '.join(map(str, shape))}")
    trained_on = trained_classes(args, model, classes)
    if args.checkpoint:
        load_checkpoint(model, args.checkpoint)
    for name in filter(None, (named, data_set)):
        if trained_on and trained_on != DATASETS[name].classes:
            raise ValueError(f"{args.model} was trained with the classes {', '.join(trained_on)}; those of {name} are "
                             f"{', '.join(DATASETS[name].classes)}")
    names = DATASETS[named].classes if named else args.classes or trained_on
    validation = labelled_faces(data_set, args.data, "val", classes, side) if args.data else None
    calibration = labelled_faces(data_set, args.data, "train", classes, side, CALIBRATION)[0] if args.int8 else None

    forms = {} if args.hub else write_forms(args, model, shape, names, calibration)
    if args.hub:
        write_hub_folder(model, args.hub, names, card_of(args, model))
        print(f"{args.hub}: timm.create_model('local-dir:{args.hub}', pretrained=True)")
    if not args.checkpoint and is_untrained(args.model):
        print(f"note: the weights of {args.model} are untrained; name trained ones by --checkpoint FILE, or by a tag, "
              "as lanmsff.ferplus", file=sys.stderr)
    compare_forms(forms, model, shape, validation)


def _check(args: argparse.Namespace) -> None:
    if args.hub and (args.int8 or args.data or args.opset is not None or args.dynamic_size):
        raise ValueError("--int8, --data, --opset and --dynamic-size are for files of other runtimes; leave them out "
                         "with --hub")
    if args.int8 and not args.data:
        raise ValueError("--int8 is calibrated with faces: name their folder by --data DIR; "
                         "`lanmsff draw DIR` draws some")
    if bool(args.out) == bool(args.hub):
        raise ValueError("name what to write, a file or --hub FOLDER")
    if args.int8 and Path(args.int8).resolve() == Path(args.out).resolve():
        raise ValueError(f"--int8 needs a file of its own, got {args.out} for both forms")
    if args.int8 and _is_openvino(args.int8) != _is_openvino(args.out):
        raise ValueError(f"--int8 is made of {args.out}; name both files .xml, for OpenVINO, or both .onnx, got "
                         f"{args.int8}")
    if args.opset is not None and _is_openvino(args.out):
        raise ValueError("--opset is for ONNX; leave it out for OpenVINO")


def card_of(args: argparse.Namespace, model: nn.Module) -> dict | None:
    """The card of the packaged weights that a model has; None if it has others."""
    if args.checkpoint or is_untrained(args.model):
        return None
    config = getattr(model, "pretrained_cfg", None) or {}
    return next((card for card in weights.cards() if (card["model"], card["tag"]) == (
        config.get("architecture"), config.get("tag"))), None)


def trained_classes(args: argparse.Namespace, model: nn.Module, classes: int) -> tuple[str, ...]:
    """The names of the classes that the weights come with, in their order; none where nobody knows."""
    if args.checkpoint or is_untrained(args.model):
        return ()
    names = (getattr(model, "pretrained_cfg", None) or {}).get("label_names") or ()
    return tuple(names) if len(names) == classes else ()


def write_forms(args: argparse.Namespace, model: nn.Module, shape: tuple[int, int, int], names: Sequence[str],
                calibration: Tensor | None) -> dict[str, str]:
    """Write the files, all of them or none; gives each by the name of its form."""
    openvino = _is_openvino(args.out)
    with tempfile.TemporaryDirectory() as folder:
        made = {args.out: Path(folder, Path(args.out).name)}
        if openvino:
            export_openvino(model, made[args.out], shape, args.dynamic_size, names)
        else:
            export_onnx(model, made[args.out], shape, args.dynamic_size, names,
                        OPSET if args.opset is None else args.opset)
        if calibration is not None:
            made[args.int8] = Path(folder, "int8", Path(args.int8).name)
            made[args.int8].parent.mkdir()
            (quantize_openvino if openvino else quantize_onnx)(made[args.out], made[args.int8], calibration)
        for path, file in made.items():
            if openvino:
                write_atomically(Path(path).with_suffix(".bin"), file.with_suffix(".bin").read_bytes())
            write_atomically(path, file.read_bytes())
    return dict(zip(("float32", "int8"), made))


def _is_openvino(path: str) -> bool:
    return Path(path).suffix == ".xml"


def compare_forms(forms: dict[str, str], model: nn.Module, shape: tuple[int, int, int],
                  validation: tuple[Tensor, Tensor] | None) -> None:
    """Print how far each file is from PyTorch, on random images and on faces."""
    plain = run_torch(model)
    runs = {path: (run_openvino if _is_openvino(path) else run_onnx)(path) for path in forms.values()}
    images = torch.rand(5, *shape, generator=torch.Generator().manual_seed(0))
    for form, path in forms.items():
        print(f"{path}, {form}, random images: {compare_outputs(plain(images), runs[path](images))}")
    if validation:
        faces, labels = validation
        expected = plain(faces)
        print(f"PyTorch, validation faces: {accuracy(expected, labels)}")
        for form, path in forms.items():
            got = runs[path](faces)
            print(f"{path}, {form}, validation faces: {accuracy(got, labels)}, {compare_outputs(expected, got)}")


def accuracy(logits: Tensor, labels: Tensor) -> str:
    """The share of right answers, in words."""
    return f"accuracy {(logits.argmax(1) == labels).double().mean():.2%}"


def labelled_faces(data_set: str, data_root: str, split: str, classes: int, side: int, most: int | None = None
                   ) -> tuple[Tensor, Tensor]:
    """Faces of a split as the network takes them, and their labels; of a photograph, its middle square.

    Args:
        data_set: A key of the catalog of data sets.
        data_root: Its folder.
        split: 'train', 'val' or 'test'.
        classes: How many classes the model has.
        side: The side in pixels that the faces are resized to.
        most: How many faces at most; all by default.

    Raises:
        FileNotFoundError: if a file is missing.
        ValueError: if a file is not what it should be, or the data set has another number of classes.
    """
    row = DATASETS.get(data_set)
    if row is None:
        raise ValueError(unknown("data set", data_set, DATASETS))
    if len(row.classes) != classes:
        raise ValueError(f"{row.title} has {len(row.classes)} classes, the model has {classes}")
    selected = row.select(data_root, split)
    count = len(selected) if most is None else min(most, len(selected))
    faces = (middle_square(selected.pictures[i]) for i in range(count))
    return to_batch(faces, side), torch.from_numpy(selected.labels[:count])


def middle_square(picture: np.ndarray) -> np.ndarray:
    """The largest square (S, S) in the middle of (H, W), as the config of KDEF crops the photographs."""
    side = min(picture.shape)
    top, left = (round((whole - side) / 2) for whole in picture.shape)
    return picture[top:top + side, left:left + side]
