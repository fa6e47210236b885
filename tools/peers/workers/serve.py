"""The loop of a worker in Python: pictures on standard input, scores on standard output.

    serve(classify, parameters=58423, size=93160)

The first line that a worker writes is JSON: its parameters and the bytes of its file. A request is N, H and W as
little-endian uint32, and N pictures of (H, W) uint8; an answer is N and C as uint32, the seconds of processor time that
it took as float64, and (N, C) scores as float32. `serve.cjs` is the same for Node.
"""
import json
import os
import struct
import sys
import time
from collections.abc import Callable

import numpy as np

_answers = os.fdopen(os.dup(1), "wb")
os.dup2(2, 1)  # what libraries print must not come between the answers


def serve(classify: Callable[[np.ndarray], np.ndarray], parameters: int, size: int) -> None:
    """Answer requests until there are no more.

    Args:
        classify: From (N, H, W) uint8 to (N, C) scores, the largest that of the class.
        parameters: How many numbers the network has learned.
        size: Bytes of its file.
    """
    _answers.write(json.dumps({"parameters": parameters, "size": size}).encode() + b"\n")
    _answers.flush()
    while header := sys.stdin.buffer.read(12):
        shape = struct.unpack("<3I", header)
        faces = np.frombuffer(sys.stdin.buffer.read(shape[0] * shape[1] * shape[2]), np.uint8).reshape(shape)
        start = time.process_time()
        scores = classify(faces)
        seconds = time.process_time() - start
        _answers.write(struct.pack("<2Id", *scores.shape, seconds) + scores.astype("<f4").tobytes())
        _answers.flush()
