#!/usr/bin/env bash
# OpenVINO 2026.4.0 (Linux): a model compiled for the CPU takes the place of the process's alternate signal stack.
#
# One would guess: what a process has set up for its signals, such as the stack on which faulthandler reports, is its
# own; a library that needs a stack for a moment gives it back.
#
# What happens: the first model that is compiled for the CPU puts a stack of OpenVINO's in the place of faulthandler's,
# in the thread that compiles it, also on processors without AMX, for whose registers it is meant. It stays as long as
# the core does, and each further core puts one of its own over it. Every handler that Python installs runs on it:
# Ctrl-C, the end of a child once PyTorch has loaded data in workers. One core for the process, kept to its end, is
# safe.
#
# Source: openvino's src/plugins/intel_cpu/src (class SigAltStackSetup); CPython's PyOS_setsig in Python/pylifecycle.c
# (SA_ONSTACK) and Modules/faulthandler.c.
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile numpy==2.4.6 openvino==2026.4.0 openvino-telemetry==2025.2.0 || exit 2
CI=true "$dir/env/bin/python" -W ignore - <<'PROBE'
import ctypes
import faulthandler
import sys

import numpy as np
import openvino
from openvino import opset13 as ops


class Stack(ctypes.Structure):
    _fields_ = [("start", ctypes.c_void_p), ("flags", ctypes.c_int), ("size", ctypes.c_size_t)]


def signal_stack():
    stack = Stack()
    ctypes.CDLL(None).sigaltstack(None, ctypes.byref(stack))
    return stack.start, stack.size


faulthandler.enable()
before = signal_stack()
core = openvino.Core()
image = ops.parameter([1, 4], np.float32)
compiled = core.compile_model(openvino.Model([ops.relu(image)], [image], "relu"), "CPU")
during = signal_stack()
print(compiled(np.float32([[-1, 0, 1, 2]]))[0])
kind = "another" if during != before else "the same"
print(f"the signal stack has {before[1]} bytes; with a compiled model it is {kind} of {during[1]} bytes")
sys.exit(during[0] == before[0])
PROBE
