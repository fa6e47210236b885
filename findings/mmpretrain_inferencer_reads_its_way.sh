#!/usr/bin/env bash
# MMPretrain 1.2.0: the inferencer reads pictures its own way, whatever the config's LoadImageFromFile says.
#
# One would guess: ImageClassificationInferencer feeds a network as the test pipeline of its config does, so that a
# network trained on grey pictures (color_type="grayscale", as for FER-2013) is asked about grey pictures.
#
# What happens: it takes LoadImageFromFile out of the pipeline and reads with the defaults of mmcv.imread. Of all
# settings of the loader (color_type, imdecode_backend, to_float32) none is left: here a red picture reaches the network
# as three equal channels in a test of the data set, and in colour by the inferencer. Nothing is logged; a network
# with one channel stops, one with three gives other scores than its test.
#
# Source: mmpretrain/apis/image_classification.py, _init_pipeline (remove_transform) and preprocess (load_image).
#
# Exits 0 if that is still so, 1 if it changed, 2 if the packages could not be installed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/env"
"$dir/env/bin/pip" install -qq --no-compile torch==2.14.1 torchvision==0.29.1 mmpretrain==1.2.0 mmengine==0.10.7 \
    mmcv-lite==2.2.0 numpy==2.4.6 || exit 2
cd "$dir"
"$dir/env/bin/python" -W ignore - > out 2>&1 <<'PROBE' || { rc=$?; cat out >&2; exit $rc; }
import sys

from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.model import BaseModule
from mmpretrain import ImageClassificationInferencer
from mmpretrain.registry import MODELS, TRANSFORMS
from PIL import Image

seen = []


@MODELS.register_module()
class Note(BaseModule):
    def forward(self, pictures):
        seen.append([round(mean) for mean in pictures.mean((0, 2, 3)).tolist()])
        return pictures.mean((2, 3)),


pipeline = [dict(type="LoadImageFromFile", color_type="grayscale"), dict(type="PackInputs")]
cfg = Config(dict(
    model=dict(type="ImageClassifier", backbone=dict(type="Note"), data_preprocessor=dict(mean=[0] * 3, std=[1] * 3),
               head=dict(type="LinearClsHead", num_classes=7, in_channels=3)),
    test_dataloader=dict(dataset=dict(type="CustomDataset", pipeline=pipeline))))
Image.new("RGB", (48, 48), (200, 0, 0)).save("face.png")
inferencer = ImageClassificationInferencer(cfg)
packed = Compose([TRANSFORMS.build(step) for step in pipeline])(dict(img_path="face.png"))
model = inferencer.model
model(model.data_preprocessor(dict(inputs=packed["inputs"][None].expand(-1, 3, -1, -1)))["inputs"], mode="tensor")
inferencer("face.png")
tested, inferred = seen
print("seen: channels by the test pipeline", tested, "and by the inferencer", inferred)
sys.exit(not (len(set(tested)) == 1 and sorted(inferred) == [0, 0, 200]))
PROBE
grep -o "seen: .*" out
