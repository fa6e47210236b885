#!/usr/bin/env bash
# OpenVINO 2026.4.0 (openvino-telemetry 2025.2.0): importing it forks the process from a thread and reports the use.
#
# One would guess: a library for inference sends nothing unless it is asked to; at most its converter asks first, on a
# terminal.
#
# What happens: `import openvino` writes a random number of the user's and a count of uses to ~/intel, and hands an
# event to a thread that forks the process to send it to an analytics service; converting a model sends some more. No
# question is asked, on a terminal or off, and nothing is logged. Whoever tests or trains in the same process has forks
# that he did not make; whoever promises that pictures stay on the machine has a connection to explain. It is off with
# CI=true in the environment, after `opt_in_out --opt_out`, or where openvino_telemetry cannot be imported, without
# which all works. Nothing is sent by this script: the function that would is replaced by one that notes where to.
#
# Source: openvino/tools/ovc/__init__.py (the event at import), openvino/tools/ovc/telemetry_utils.py
# (enable_opt_in_dialog=False), openvino_telemetry/backend/backend_ga4.py (the fork), openvino_telemetry/main.py; the
# documentation's page about telemetry says how to opt out.
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile numpy==2.4.6 openvino==2026.4.0 openvino-telemetry==2025.2.0 || exit 2
mkdir "$dir/home"
env -u CI HOME="$dir/home" "$dir/env/bin/python" -W ignore - <<'PROBE'
import multiprocessing
import os
import sys
import time
from pathlib import Path
from urllib.parse import urlparse

multiprocessing.set_start_method("fork")
from openvino_telemetry.backend import backend_ga4

home, main = Path.home(), os.getpid()


def note(request):
    forked = os.getppid() == main
    with (home / "sent.txt").open("a") as file:
        file.write(f"{urlparse(request.full_url).netloc} {forked}\n")


backend_ga4._send_func = note
import openvino  # noqa: E402, F401

for _ in range(100):
    if (home / "sent.txt").exists():
        break
    time.sleep(.1)
time.sleep(1)
sent = (home / "sent.txt").read_text().splitlines() if (home / "sent.txt").exists() else []
kept = sorted(path.name for path in (home / "intel").glob("*"))
print("after `import openvino`, would have been sent to, and from a fork of this process:", sent)
print("kept in the home folder's intel/:", kept)
sys.exit(not (sent and all(line.endswith(" True") for line in sent) and "openvino_ga_cid" in kept))
PROBE
