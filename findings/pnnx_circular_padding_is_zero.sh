#!/usr/bin/env bash
# pnnx 20261020 with ncnn 1.0.20261020: circular padding becomes zeros, normalised rows become signs, without a word.
#
# One would guess: what the converter cannot express stays in the .param file under PyTorch's name, and ncnn refuses to
# load it, as it does with LPPool2d; a network that loads computes what PyTorch does. Of some seventy layers tried behind
# a convolution, nearly all did, reflected padding and pooling by adaptive sizes too.
#
# What happens: of a convolution with padding_mode="circular" the padding is zeros. F.normalize along the last axis
# divides each value by its own magnitude. AvgPool2d with ceil_mode=True divides at the far edges by cells that are
# outside of the padding, which PyTorch leaves out; with count_include_pad=False, as in timm's ResNet-D, it is the same.
#
# Source: tools/pnnx/src/pass_ncnn of ncnn's repository, F_normalize.cpp, which does not read dim, and nn_AvgPool2d.cpp;
# what pnnx writes for the circular one is a Convolution without a Padding before it.
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.14.1 numpy==2.4.6 pnnx==20261020 ncnn==1.0.20261020 || exit 2
cd "$dir"
"$dir/env/bin/python" -W ignore - > "$dir/out" 2>&1 <<'PROBE' || { rc=$?; cat "$dir/out" >&2; exit $rc; }
import sys

import ncnn
import numpy as np
import pnnx
import torch
import torch.nn.functional as F
from torch import nn


class Rows(nn.Module):
    def forward(self, x):
        return F.normalize(x.flatten(2), dim=-1)


class Network(nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.stem = nn.Conv2d(3, 12, 3, padding=1)
        self.layer = layer

    def forward(self, x):
        return self.layer(self.stem(x))


def run(network, image, name):
    pnnx.export(network, f"{name}.pt", image, fp16=False)
    with ncnn.Net() as net:
        net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
        net.load_param(f"{name}.ncnn.param")
        net.load_model(f"{name}.ncnn.bin")
        picture = image[0].numpy()
        with net.create_extractor() as extractor:
            extractor.input("in0", ncnn.Mat(picture))
            return torch.from_numpy(np.array(extractor.extract("out0")[1]))


torch.manual_seed(0)
image = torch.randn(1, 3, 11, 11)
layers = {
    "reflected": nn.Conv2d(12, 12, 3, padding=1, padding_mode="reflect"),
    "circular": nn.Conv2d(12, 12, 3, padding=1, padding_mode="circular"),
    "rows": Rows(),
    "ceil": nn.AvgPool2d(2, 2, ceil_mode=True),
    "ceil_without_padding": nn.AvgPool2d(2, 2, ceil_mode=True, count_include_pad=False),
}
off, out, plain = {}, {}, {}
with torch.no_grad():
    for name, layer in layers.items():
        network = Network(layer).eval()
        plain[name], out[name] = network(image)[0], run(network, image, name)
        off[name] = (out[name] - plain[name]).abs().max().item()
        print(f"seen: {name}: off by {off[name]:.1e}, the largest value is {plain[name].abs().max():.1f}")
        if name == "circular":
            layer.padding_mode = "zeros"
            zeros = (out[name] - network(image)[0]).abs().max().item()
    signs = (out["rows"] - plain["rows"].sign()).abs().max().item()
    inner = (out["ceil"] - plain["ceil"])[:, :-1, :-1].abs().max().item()
print(f"seen: from zero padding {zeros:.1e}, from signs {signs:.1e}, from ceil away from the far edges {inner:.1e}")
wrong = {name for name, difference in off.items() if difference > 0.05}
sys.exit(not (wrong == {"circular", "rows", "ceil"} and max(zeros, signs, inner) < 1e-3))
PROBE
grep -o "seen: .*" "$dir/out"
