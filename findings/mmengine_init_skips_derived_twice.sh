#!/usr/bin/env bash
# MMEngine 0.10.7 with PyTorch 2.14.1 and timm 1.0.31: init_cfg passes over classes derived twice.
#
# One would guess: init_cfg=dict(type="Constant", layer="Conv2d", ...) initialises each module that is a Conv2d, or each
# of just that class.
#
# What happens: each whose class or a direct base of it has that name. A class derived from torch's is initialised, one
# that is derived from this is not, and nothing is said. So layer="_BatchNorm", with which OpenMMLab's backbones mean
# all batch norms, finds BatchNorm2d and SyncBatchNorm, but not timm's BatchNormAct2d, which derives from BatchNorm2d.
#
# Source: mmengine/model/weight_init.py, _get_bases_name, and __call__ of ConstantInit, NormalInit and the others.
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.14.1 torchvision==0.29.1 timm==1.0.31 mmengine==0.10.7 \
    numpy==2.4.6 || exit 2
"$dir/env/bin/python" -W ignore - 2> "$dir/log" <<'PROBE' || { rc=$?; cat "$dir/log" >&2; exit $rc; }
import sys

from mmengine.model import initialize
from timm.layers import BatchNormAct2d
from torch import nn


class Derived(nn.Conv2d):
    pass


class DerivedTwice(Derived):
    pass


found = []
for layer, modules in {"Conv2d": [nn.Conv2d(1, 1, 1), Derived(1, 1, 1), DerivedTwice(1, 1, 1)],
                       "_BatchNorm": [nn.BatchNorm2d(1), nn.SyncBatchNorm(1), BatchNormAct2d(1)]}.items():
    initialize(nn.Sequential(*modules), dict(type="Constant", val=5., layer=layer))
    found += [module.weight.item() == 5 for module in modules]
    print(f"layer={layer}:", ", ".join(f"{type(module).__name__} {'5' if done else 'as it was'}"
                                       for module, done in zip(modules, found[-3:])))
sys.exit(found != [True, True, False] * 2)
PROBE
