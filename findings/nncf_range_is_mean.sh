#!/usr/bin/env bash
# NNCF 3.4.0: int8 for OpenVINO clips what lies above the mean of the calibration items' maxima.
#
# One would guess: the range of a quantised input or activation covers what calibration has seen, or all but a
# percentile of outliers.
#
# What happens: each item of the calibration set (a whole batch counts as one) gives a minimum and a maximum, and the
# range goes to the *mean* of them. Of items whose maxima are 1, 2, ... 100, half saturate: 60, 80 and 100 give the same
# output. Pictures of very different brightness, or a few strong ones among many faint ones, lose their upper half;
# with one batch as the only item the range is the true one.
#
# Source: nncf/quantization/range_estimator.py, RangeEstimatorParametersSet.MEAN_MINMAX, and the default of the
# MinMax algorithm for activations (quantization/algorithms/min_max/algorithm.py). AdvancedQuantizationParameters(
# activations_range_estimator_params=RangeEstimatorParametersSet.MINMAX) gives the range that one would guess.
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile numpy==2.4.6 openvino==2026.4.0 nncf==3.4.0 || exit 2
"$dir/env/bin/python" -W ignore - <<'PROBE'
import logging
import sys

import nncf
import numpy as np
import openvino as ov
from nncf.quantization.advanced_parameters import AdvancedQuantizationParameters
from nncf.quantization.range_estimator import RangeEstimatorParametersSet
from openvino import opset13 as ops

nncf.set_log_level(logging.ERROR)
INPUTS = (20, 40, 60, 80, 100)
ITEMS = [np.full((1, 1, 4, 4), value, np.float32) for value in range(1, 101)]


def network():
    image = ops.parameter([-1, 1, 4, 4], np.float32)
    weights = ops.constant(np.ones((1, 1, 1, 1), np.float32))
    return ov.Model([ops.convolution(image, weights, [1, 1], [0, 0], [0, 0], [1, 1])], [image])


def outputs(items, **options):
    compiled = ov.compile_model(nncf.quantize(network(), nncf.Dataset(items), **options), "CPU")
    return [round(float(compiled(np.full((1, 1, 4, 4), value, np.float32))[0].mean()), 1) for value in INPUTS]


default = outputs(ITEMS)
whole = outputs([np.concatenate(ITEMS)])
widest = outputs(ITEMS, advanced_parameters=AdvancedQuantizationParameters(
    activations_range_estimator_params=RangeEstimatorParametersSet.MINMAX))
print("inputs:                       ", list(INPUTS))
print("calibrated by 100 items:      ", default)
print("by one batch of the same:     ", whole)
print("by 100 items, MINMAX:         ", widest)
sys.exit(not (default[2] == default[3] == default[4] < 55 and whole[4] > 95 and widest[4] > 95))
PROBE
