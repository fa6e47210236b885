"""Faces, and a network whose activations have the range of a trained one."""
import pytest
import torch
from torch import nn

from lanmsff_plugins import LANMSFF
from lanmsff_plugins.cli.export import labelled_faces


def images(*size, batch=3):
    """Soft shades, as faces are; noise would drive the activations out of their range."""
    shades = torch.rand(batch, 1, 5, 5, generator=torch.Generator().manual_seed(0))
    return nn.functional.interpolate(shades, size, mode="bilinear")


@pytest.fixture(scope="module")
def faces(drawn_faces):
    return labelled_faces("ferplus", drawn_faces, "train", 8, 64)[0]


@pytest.fixture(scope="module")
def model(faces):
    """A network whose statistics are those of faces, so that its activations have the range of a trained one."""
    torch.manual_seed(0)
    model = LANMSFF(drop_rate=0.)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None  # plain average
    with torch.no_grad():
        for batch in faces[:96].split(32):
            model.train()(batch)
    return model.eval()
