"""Networks of PyTorch, grey faces to scores, on one thread; their packages' own modules, without their detectors.

    python torch_networks.py what-the-face-classification
"""
import importlib.util
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from serve import serve
from torch import nn
from torchvision import transforms


def module(package: str, name: str):
    """A module of a package, and its folder; the package itself, which may want more, is not imported."""
    folder = Path(importlib.util.find_spec(package).origin).parent
    spec = importlib.util.spec_from_file_location(name, folder / f"{name}.py")
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found, folder


def what_the_face() -> tuple[nn.Module, transforms.Compose, Path]:
    found, folder = module("what_the_face_classification", "model")
    widths = [[1, 28], [28, 56], [56, 112]]
    network = found.SimpleConvolutionalNetwork(3, widths, [3, 3, 3], [0, 0, 0], 304, 112 * 4 * 4)
    prepare = transforms.Compose([transforms.Resize(48), transforms.CenterCrop(48), transforms.ToTensor()])
    file = folder / "active_model.pth"
    network.load_state_dict(torch.load(file, map_location="cpu", weights_only=True))
    return network, prepare, file


def facial_emotion_recognition() -> tuple[nn.Module, transforms.Compose, Path]:
    found, folder = module("facial_emotion_recognition", "networks")
    network = found.NetworkV2(in_c=1, nl=32, out_f=7)
    prepare = transforms.Compose([transforms.Resize((48, 48)), transforms.ToTensor(), transforms.Normalize([.5], [.5])])
    file = folder / "model" / "model.pkl"
    network.load_state_dict(torch.load(file, map_location="cpu", weights_only=True)["network"])
    return network, prepare, file


NETWORKS = {"what-the-face-classification": what_the_face, "facial-emotion-recognition": facial_emotion_recognition}


def main() -> None:
    torch.set_num_threads(1)
    network, prepare, file = NETWORKS[sys.argv[1]]()
    network.eval()

    @torch.inference_mode()
    def scores(face: np.ndarray) -> np.ndarray:
        return network(prepare(Image.fromarray(face))[None])[0].numpy()

    serve(lambda faces: np.stack([scores(face) for face in faces]),
          sum(parameter.numel() for parameter in network.parameters()), file.stat().st_size)


if __name__ == "__main__":
    main()
