"""Export a model to ONNX, and to int8, and print how far each is from PyTorch.

    python tools/export.py lanmsff lanmsff.onnx --checkpoint work_dirs/lanmsff_ferplus/best.pth
    python tools/export.py "lanmsff(num_classes=7)" lanmsff.onnx --classes fer2013 --dynamic-size
    python tools/export.py lanmsff lanmsff.onnx --int8 lanmsff.int8.onnx --data data/fer2013

With --data it also prints the accuracy of each on the validation split (PublicTest).
"""
import argparse
import warnings

warnings.filterwarnings("ignore", ".*torch.jit.script", FutureWarning)  # of timm's own use, at its import

import torch

from lanmsff_plugins.analysis.models import build_model, default_shape, load_weights, run_once
from lanmsff_plugins.commands import errors_in_one_line
from lanmsff_plugins.data import FER2013_CLASSES, FERPLUS_CLASSES, KDEF_CLASSES
from lanmsff_plugins.export import (
    OPSET,
    compare_outputs,
    export_onnx,
    labelled_faces,
    quantize_onnx,
    run_onnx,
    run_torch,
)

CLASSES = {"ferplus": FERPLUS_CLASSES, "fer2013": FER2013_CLASSES, "kdef": KDEF_CLASSES}
CALIBRATION = 512  # faces; int8 changes little with more


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="a timm name, a config of MMPretrain, or a factory, module:callable")
    parser.add_argument("out", help="the ONNX file to write")
    parser.add_argument("--checkpoint", metavar="FILE", help="weights, a .pth or .safetensors (default: untrained)")
    parser.add_argument("--shape", nargs=3, type=int, metavar=("C", "H", "W"),
                        help="shape of one image (default: the model's own, 1 64 64 where it has none)")
    parser.add_argument("--dynamic-size", action="store_true",
                        help="leave height and width open, for multiples of 16; the batch is always open")
    parser.add_argument("--opset", type=int, default=OPSET, help=f"version of ONNX's operators (default: {OPSET})")
    parser.add_argument("--classes", nargs="+", default=[], metavar="NAME",
                        help="names of the classes, kept as metadata; or one of ferplus, fer2013, kdef")
    parser.add_argument("--int8", metavar="FILE", help="write an int8 form as well, calibrated with faces of --data")
    parser.add_argument("--data", metavar="DIR", help="folder of fer2013.csv, and fer2013new.csv for 8 classes")
    return parser.parse_args()


def accuracy(logits: torch.Tensor, labels: torch.Tensor) -> str:
    return f"accuracy {(logits.argmax(1) == labels).double().mean():.2%}"


def run(args: argparse.Namespace) -> None:
    if args.int8 and not args.data:
        raise ValueError("--int8 is calibrated with faces: name their folder by --data DIR; "
                         "`python -m lanmsff_plugins.data.synthetic DIR` draws some")
    model = build_model(args.model)
    if args.checkpoint:
        load_weights(model, args.checkpoint)
    shape = tuple(args.shape or default_shape(model))
    classes = run_once(model, shape, args.model).shape[1]
    names = CLASSES.get(args.classes[0], args.classes) if args.classes else ()
    validation = labelled_faces(args.data, "val", classes) if args.data else None

    forms = {"float32": args.out}
    export_onnx(model, args.out, shape, args.dynamic_size, names, args.opset)
    if args.int8:
        forms["int8"] = args.int8
        quantize_onnx(args.out, args.int8, labelled_faces(args.data, "train", classes)[0][:CALIBRATION])
    plain = run_torch(model)
    images = torch.rand(5, *shape, generator=torch.Generator().manual_seed(0))
    for form, path in forms.items():
        print(f"{path}, {form}, random images: {compare_outputs(plain(images), run_onnx(path)(images))}")
    if validation:
        faces, labels = validation
        expected = plain(faces)
        print(f"PyTorch, validation faces: {accuracy(expected, labels)}")
        for form, path in forms.items():
            got = run_onnx(path)(faces)
            print(f"{path}, {form}, validation faces: {accuracy(got, labels)}, {compare_outputs(expected, got)}")


def main() -> None:
    with errors_in_one_line():
        run(parse_args())


if __name__ == "__main__":
    main()
