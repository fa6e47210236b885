"""Networks of TFLite, grey faces to scores, by LiteRT on one thread.

    python tflite.py fer/data/emotion_model_quantized.tflite fer
"""
import argparse
from pathlib import Path

import ai_edge_litert
import cv2
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from serve import serve
from skimage.transform import resize


def fer(face: np.ndarray) -> np.ndarray:
    """(64, 64, 1) from -1 to 1."""
    return (cv2.resize(face, (64, 64)).astype(np.float32)[..., None] / 255 - .5) * 2


def fer_with_margin(face: np.ndarray) -> np.ndarray:
    """The same with ten more pixels on each side, as around a detector's box; the picture has ended there."""
    mean = cv2.mean(face[-2:])[:1]
    return fer(cv2.copyMakeBorder(face, 10, 10, 10, 10, cv2.BORDER_CONSTANT, value=mean))


def facex(face: np.ndarray) -> np.ndarray:
    """(200, 200, 3) from 0 to 1."""
    return resize(face, (200, 200, 3)).astype(np.float32)


RULES = {"fer": fer, "fer with margin": fer_with_margin, "facex": facex}


def learned(path: Path) -> int:
    """How many numbers a file holds that are not the shapes and axes of operators."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(path.read_bytes()))
    tensors = [tensor for graph in model.subgraphs for tensor in graph.tensors
               if model.buffers[tensor.buffer].data is not None and tensor.type != schema.TensorType.INT32]
    return sum(int(np.prod(tensor.shape)) for tensor in tensors)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", help="below the folder of the packages")
    parser.add_argument("rule", choices=RULES, help="how a face is prepared")
    args = parser.parse_args()
    path = Path(ai_edge_litert.__file__).parent.parent / args.file
    network = Interpreter(str(path), num_threads=1)
    network.allocate_tensors()
    (source,), (result,) = network.get_input_details(), network.get_output_details()

    def scores(face: np.ndarray) -> np.ndarray:
        network.set_tensor(source["index"], RULES[args.rule](face)[None])
        network.invoke()
        return network.get_tensor(result["index"])[0]

    serve(lambda faces: np.stack([scores(face) for face in faces]), learned(path), path.stat().st_size)


if __name__ == "__main__":
    main()
