#!/usr/bin/env bash
# timm 1.0.31: --opt sgd is SGD with Nesterov's momentum; --opt momentum is what others call SGD.
#
# One would guess: "sgd" with a momentum of 0.9 is torch.optim.SGD(momentum=0.9), as in MMPretrain's configs and in most
# papers, so that a recipe can be carried from one to the other by its numbers.
#
# What happens: "sgd" sets nesterov=True, unless told otherwise by --opt-kwargs nesterov=False; the plain one is called
# "momentum". From the second step on the weights differ.
#
# Source: timm/optim/_optim_factory.py (the entries sgd, nesterov and momentum).
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.14.1 torchvision==0.29.1 timm==1.0.31 numpy==2.4.6 || exit 2
"$dir/env/bin/python" -W ignore - <<'PROBE'
import sys

import torch
from timm.optim import create_optimizer_v2
from torch import nn


def weight_after(steps, make):
    model = nn.Linear(1, 1, bias=False)
    nn.init.ones_(model.weight)
    optimizer = make(model)
    for _ in range(steps):
        optimizer.zero_grad()
        model(torch.ones(1, 1)).square().sum().backward()
        optimizer.step()
    return round(model.weight.item(), 6)


makers = {
    "torch.optim.SGD": lambda model: torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9),
    "timm's momentum": lambda model: create_optimizer_v2(model, "momentum", lr=0.1, momentum=0.9),
    "timm's sgd": lambda model: create_optimizer_v2(model, "sgd", lr=0.1, momentum=0.9),
    "torch.optim.SGD(nesterov=True)": lambda model: torch.optim.SGD(
        model.parameters(), lr=0.1, momentum=0.9, nesterov=True),
}
found = {name: weight_after(5, make) for name, make in makers.items()}
for name, weight in found.items():
    print(f"after five steps with {name}: {weight}")
plain, momentum, sgd, nesterov = found.values()
sys.exit(not (momentum == plain and sgd == nesterov != plain))
PROBE
