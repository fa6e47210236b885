"""The faces that fer finds in photographs by its default detector, OpenCV's Haar cascade: a JSON line for all.

    python fer_photographs.py party.jpg astronaut.png
"""
import json
import sys

import cv2
from fer.fer import FER

reader = FER()
found = [[max(face["emotions"].items(), key=lambda item: item[1]) for face in reader.detect_emotions(cv2.imread(path))]
         for path in sys.argv[1:]]
print(json.dumps(found))
