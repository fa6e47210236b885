#!/usr/bin/env bash
# PyTorch 2.13.0: removing a parametrization from a copy of a module breaks the original.
#
# One would guess: after copy.deepcopy(model), folding the weight norm of the copy with remove_parametrizations, to
# export it for example, leaves the model that is being trained alone.
#
# What happens: register_parametrization gives the module a class of its own, on which weight is a property. A deep
# copy has the same class, and remove_parametrizations deletes the property from it. The copy gets its weight back;
# the original has none: AttributeError in forward, and its own parametrization cannot be removed either. An
# AveragedModel (EMA, SWA) is such a copy.
#
# Source: torch/nn/utils/parametrize.py, _inject_new_class (default_deepcopy: self.__new__(self.__class__)) and
# remove_parametrizations (delattr(module.__class__, tensor_name)).
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.13.0 || exit 2
"$dir/env/bin/python" -W ignore - <<'PROBE'
import copy
import sys

import torch
from torch import nn
from torch.nn.utils import parametrizations, parametrize
from torch.optim.swa_utils import AveragedModel


def after_folding(make_copy, folded_layer):
    torch.manual_seed(0)
    model = parametrizations.weight_norm(nn.Linear(4, 4))
    inputs = torch.randn(2, 4)
    before = model(inputs)
    layer = folded_layer(make_copy(model))
    parametrize.remove_parametrizations(layer, "weight")
    copy_is_right = torch.allclose(layer(inputs), before)
    try:
        return copy_is_right, f"the same: {torch.equal(model(inputs), before)}"
    except AttributeError as error:
        return copy_is_right, str(error)


deep = after_folding(copy.deepcopy, lambda model: model)
averaged = after_folding(AveragedModel, lambda model: model.module)
print("folded a deep copy;           copy right:", deep[0], "| original:", deep[1])
print("folded an averaged model;     copy right:", averaged[0], "| original:", averaged[1])
lost = "has no attribute 'weight'"
sys.exit(not (deep[0] and averaged[0] and lost in deep[1] and lost in averaged[1]))
PROBE
