#!/usr/bin/env bash
# MMEngine 0.10.7: the log names the loader of a checkpoint by what is left of its name without ten characters.
#
# One would guess: "Loads checkpoint by ... backend" names the loader registered for the path, whatever its name.
#
# What happens: the first ten characters of the function's name are cut off, as if they were always "load_from_".
# company_weights becomes "ights", read_safetensors "ensors", from_hub nothing. A functools.partial, which has no
# name, can be registered, but loading stops with an AttributeError about __name__.
#
# Source: mmengine/runner/checkpoint.py, CheckpointLoader.load_checkpoint: class_name[10:].
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.13.0 mmengine==0.10.7 numpy==2.4.6 || exit 2
"$dir/env/bin/python" -W ignore - <<'PROBE'
import contextlib
import functools
import io
import sys

from mmengine.runner import CheckpointLoader


def load_from_company(filename, map_location):
    return {}


def company_weights(filename, map_location):
    return {}


def from_hub(filename, map_location):
    return {}


logged = {}
for loader in load_from_company, company_weights, from_hub:
    scheme = loader.__name__ + ":"
    CheckpointLoader.register_scheme(scheme, loader)
    with contextlib.redirect_stdout(io.StringIO()) as log:
        CheckpointLoader.load_checkpoint(scheme + "net.pth", logger=None)
    logged[loader.__name__] = log.getvalue().split("checkpoint by ")[1].split(" backend")[0]
    print(log.getvalue().strip())

CheckpointLoader.register_scheme("partial:", functools.partial(from_hub))
try:
    CheckpointLoader.load_checkpoint("partial:net.pth", logger=None)
    partial = "loaded"
except AttributeError as error:
    partial = str(error)
print("a functools.partial:", partial)
expected = {"load_from_company": "company", "company_weights": "ights", "from_hub": ""}
sys.exit(logged != expected or "__name__" not in partial)
PROBE
