#!/usr/bin/env bash
# timm 1.0.19 with huggingface_hub 2.4.0: pretrained weights fail with "package not installed", though it is.
#
# One would guess: `pip install timm==1.0.19` brings a huggingface_hub with which that timm works, for it asks for that
# package without an upper bound; were one too new, the error would say so.
#
# What happens: huggingface_hub 2 has no function of a name that this timm imports. timm takes any ImportError for the
# package's absence: has_hf_hub() is False, and whatever needs the hub, a folder by local-dir: included, ends in
# "Hugging Face hub model specified but package not installed. Run `pip install huggingface_hub`", which changes
# nothing. A huggingface_hub below 2 has the function, and timm from 1.0.22 on does not ask for it.
#
# Source: timm/models/_hub.py, the try around `from huggingface_hub import ...`, and has_hf_hub().
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.14.1 torchvision==0.29.1 timm==1.0.19 \
    huggingface_hub==2.4.0 || exit 2
"$dir/env/bin/python" -W ignore - <<'PROBE'
import sys

import huggingface_hub
import timm
from timm.models._hub import has_hf_hub

try:
    has_hf_hub(necessary=True)
    said = ""
except RuntimeError as error:
    said = str(error)
print("installed: timm", timm.__version__, "huggingface_hub", huggingface_hub.__version__)
print("timm:", said)
print("the name that it asks for is there:", hasattr(huggingface_hub, "repo_type_and_id_from_hf_id"))
sys.exit(not ("not installed" in said and not hasattr(huggingface_hub, "repo_type_and_id_from_hf_id")))
PROBE
