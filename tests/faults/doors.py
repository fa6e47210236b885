"""Doors narrower than they look: networks that are hard to count or to export, layers by name."""
import json
from functools import partial
from pathlib import Path
from random import Random

import numpy as np
import onnxruntime
import torch
from timm.layers import get_attn, get_norm_layer

from .case import Case, Family, Outcome, misspelt
from .networks import Pool, altered

__all__ = ["FAMILIES"]

WAYS = ("avg", "max", "rows", "columns", "half", "norm", "interpolate")
ALTERATIONS = ("pruned", "pruned by channel", "weight norm", "spectral norm", "orthogonal", "old weight norm",
               "old spectral norm")
CONVOLUTIONS = ("blocks.3.conv.conv", "blocks.0.conv1.conv", "blocks.2.conv3.conv", "blocks.1.dual_path.stage1.0.conv")
NORMS = ("batchnorm2d", "groupnorm1", "layernorm2d", "rmsnorm2d", "frozenbatchnorm2d", "batchnorm", "groupnorm")
ATTENTIONS = ("se", "eca", "cbam", "ese", "ge", "gc", "mass_att", "none")


def counted(random: Random) -> Case:
    """A network that pools in some way; its multiply-accumulates are known."""
    how, channels, side = random.choice(WAYS), random.choice([4, 8, 12]), random.choice([16, 32, 48])

    def right(folder: Path, outcome: Outcome) -> None:
        found = json.loads(outcome.stdout)[name]["macs_by_operator"]
        assert found["conv"] == channels * 9 * side * side and found["linear"] == 5 * channels, found

    name = f"tests.faults.networks:Pool('{how}', {channels})"
    return Case(f"flops, {how}, {channels} channels, {side} pixels",
                ("flops", name, "--shape", "1", str(side), str(side), "--json"), right=right, must_be_taken=True)


def exported(dynamic: bool, random: Random) -> Case:
    """A network that pools in some way, exported; the file is compared at sizes that the exporter has not seen."""
    how, side = random.choice(WAYS), random.choice([32, 48, 64])

    def right(folder: Path, outcome: Outcome) -> None:
        session = onnxruntime.InferenceSession(folder / "x.onnx", providers=["CPUExecutionProvider"])
        for size in (32, 48, 80) if dynamic else (side,):
            x = torch.rand(2, 1, size, size, generator=torch.Generator().manual_seed(0))
            found = session.run(None, {session.get_inputs()[0].name: x.numpy()})[0]
            with torch.no_grad():
                off = np.abs(found - Pool(how)(x).numpy()).max()
            assert off < 1e-4, f"{off:.4f} off at {size} pixels"

    return Case(f"export, {how}, {side} pixels{', dynamic size' if dynamic else ''}", (
        "export", f"tests.faults.networks:Pool('{how}')", "x.onnx", "--shape", "1", str(side), str(side),
        *(["--dynamic-size"] if dynamic else [])), right=right)


def reparametrised(random: Random) -> Case:
    """LANMSFF pruned or with a norm on the weights of one convolution, folded for inference."""
    how, name = random.choice(ALTERATIONS), random.choice(CONVOLUTIONS)

    def call() -> None:
        model, x = altered(how, name), torch.rand(2, 1, 64, 64)
        with torch.no_grad():
            expected = model(x)
            try:
                model.fuse()
            finally:
                off = (model(x) - expected).abs().max().item()
                assert off < 1e-4, f"logits differ by {off:.5f}"

    return Case(f"fuse, {how}, {name}", call=call)


def named(random: Random) -> Case:
    """A norm or an attention layer of LANMSFF by name, sometimes with one letter wrong."""
    argument = random.choice(["norm_layer", "attn_layer"])
    name = random.choice(NORMS if argument == "norm_layer" else ATTENTIONS)
    right_name = random.random() < 0.5
    if not right_name:
        name = misspelt(random, name)
        known = get_norm_layer if argument == "norm_layer" else get_attn
        try:
            known(name)
            return named(random)
        except Exception:
            pass
    model = f"lanmsff({argument}='{name}')"
    return Case(f"flops {model}", ("flops", model), right=(lambda folder, outcome: None) if right_name else None)


FAMILIES = [
    Family("flops", "doors", counted),
    Family("flops", "doors", named),
    Family("export", "doors", partial(exported, True)),
    Family("export", "doors", partial(exported, False)),
    Family("fuse", "doors", reparametrised),
]
