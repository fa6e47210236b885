#!/usr/bin/env bash
# MMEngine 0.10.7: a metric that keeps more than one result a picture is computed from a part of them, without a word.
#
# One would guess: what process() appends to self.results is what compute_metrics() gets; a metric of the faces in
# photographs appends one result a face.
#
# What happens: the results are cut to as many as there are pictures, on one device too, since a distributed sampler may
# have repeated some pictures. With three faces in each of ten photographs, compute_metrics() gets ten of thirty, those
# of the first photographs. On several devices the results are also taken from the devices in turn, one each, and those
# that are None are left out.
#
# Source: mmengine/evaluator/metric.py, BaseMetric.evaluate; mmengine/dist/dist.py, collect_results_cpu.
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.14.1 torchvision==0.29.1 mmengine==0.10.7 numpy==2.4.6 || exit 2
"$dir/env/bin/python" -W ignore - <<'PROBE'
import sys

from mmengine.evaluator import BaseMetric, Evaluator


class FaceAccuracy(BaseMetric):
    """The share of all faces that are right, where a picture has several."""

    def process(self, data_batch, data_samples):
        self.results += [right for sample in data_samples for right in sample["right"]]

    def compute_metrics(self, results):
        return {"faces": len(results), "accuracy": sum(results) / len(results)}


photographs = [{"right": [True] * 3}] * 5 + [{"right": [False] * 3}] * 5
evaluator = Evaluator([FaceAccuracy()])
for photograph in photographs:
    evaluator.process([photograph])
found = evaluator.evaluate(len(photographs))
print("10 photographs, 30 faces, of which 15 are right:", found)
sys.exit(found != {"faces": 10, "accuracy": 1.0})
PROBE
