"""What ncnn's converter makes of the networks and of a CNN with our layers gives what PyTorch gives."""
from collections import OrderedDict

import numpy as np
import pytest
import timm
import torch
from torch import nn

import timm_registry  # noqa: F401
from lanmsff_plugins.layers import PWFS, MassAtt

from .conftest import images

ncnn, pnnx = pytest.importorskip("ncnn"), pytest.importorskip("pnnx")


def convert(model, example, folder):
    """Through TorchScript, as the page "Deployment" says; gives a function of one picture (C, H, W)."""
    pnnx.export(model, str(folder / "model.pt"), example, fp16=False)

    def run(picture):
        with ncnn.Net() as net:
            net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
            net.load_param(str(folder / "model.ncnn.param"))
            net.load_model(str(folder / "model.ncnn.bin"))
            with net.create_extractor() as extractor:
                extractor.input("in0", ncnn.Mat(picture))
                return np.array(extractor.extract("out0")[1])
    return run


@pytest.mark.parametrize("name", ["lanmsff.ferplus", "lanmsff_small.fer2013", "lanmsff_nano.ferplus"])
def test_the_networks_give_the_same_logits(name, tmp_path):
    model = timm.create_model(name, pretrained=True).eval()
    faces = images(*model.pretrained_cfg["input_size"][1:], batch=3)
    run = convert(model, faces[:1], tmp_path)
    for face, logits in zip(faces, model(faces).detach()):
        torch.testing.assert_close(torch.from_numpy(run(face.numpy())), logits, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("side", [16, 13])
def test_so_do_massatt_and_pwfs_in_another_cnn_also_at_odd_sides(side, tmp_path):
    torch.manual_seed(0)
    model = nn.Sequential(OrderedDict(  # by name, since pnnx writes numbers as names into Python code
        stem=nn.Conv2d(1, 12, 3, padding=1), attention=MassAtt(12), selection=PWFS(12), head=nn.Conv2d(4, 5, 1))).eval()
    image = torch.randn(1, 1, side, side)
    out = convert(model, image, tmp_path)(image[0].numpy())
    torch.testing.assert_close(torch.from_numpy(out), model(image)[0].detach(), rtol=1e-4, atol=1e-4)
