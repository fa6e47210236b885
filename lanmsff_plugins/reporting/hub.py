"""A folder in the format of the Hugging Face hub: weights, config and model card.

    write_hub_folder(timm.create_model("lanmsff.ferplus", pretrained=True), "lanmsff_ferplus", names, card)

timm loads it by ``local-dir:FOLDER``, and by ``hf-hub:USER/NAME`` once it is uploaded; transformers by its
``AutoModelForImageClassification``. Both need ``import timm_registry`` before.
"""
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

import timm
import torch
from huggingface_hub import EvalResult, ModelCardData
from torch import nn

from ..base import compat
from ..base.errors import one_line
from ..base.tables import markdown

__all__ = ["model_card", "write_hub_folder"]

_USE = """\
```python
import timm
import timm_registry  # of lanmsff-plugins: timm knows the network from here on

model = timm.create_model("hf-hub:USER/{name}", pretrained=True)  # "local-dir:FOLDER" for a folder
```

```python
import timm_registry
from transformers import AutoImageProcessor, AutoModelForImageClassification

processor = AutoImageProcessor.from_pretrained("USER/{name}")
model = AutoModelForImageClassification.from_pretrained("USER/{name}")
```

The network takes {channels}, {height}x{width} pixels in [0, 1]{grey}."""
_CITATION = """\
```bibtex
@article{ezati2024lanmsff,
  title = {A Lightweight Attention-based Deep Network via Multi-Scale Feature Fusion for Multi-View Facial Expression
           Recognition},
  author = {Ezati, Ali and Dezyani, Mohammadreza and Rana, Rajib and Rajabi, Roozbeh and Ayatollahi, Ahmad},
  journal = {arXiv:2403.14318},
  year = {2024}
}
```"""


def write_hub_folder(model: nn.Module, folder: str | Path, classes: Sequence[str] = (), card: dict | None = None
                     ) -> None:
    """Write a timm model as a folder for the hub, whole or not at all, and check that timm loads it.

    Args:
        model: A model made by timm.
        folder: Where to; it does not exist yet, or is empty.
        classes: Names of the classes in order; none where they are not known.
        card: The card of packaged weights; without one the model card has no figures.

    Raises:
        FileExistsError: if there is something in the folder.
        ImportError: if timm is older than 1.0.26, whose ``local-dir:`` reads no safetensors.
        ValueError: if timm did not make the model, the number of names is not that of the classes, or the folder does
            not give the same model again.
    """
    compat.require("timm", "1.0.26", "A folder for the hub", "upgrade timm")
    from timm.models import save_for_hf

    config = getattr(model, "pretrained_cfg", None)
    if not config or not timm.is_model(config.get("architecture") or ""):
        raise ValueError(f"a folder for the hub holds a model of timm, got {type(model).__name__}; name one of "
                         "timm.list_models()")
    if classes and len(classes) != model.num_classes:
        raise ValueError(f"the model has {model.num_classes} classes, got {len(classes)} names: {', '.join(classes)}")
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FileExistsError(f"there is something at {folder}; name a folder that does not exist yet")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as made:
        files = Path(made, "files")
        save_for_hf(model, str(files), {"label_names": list(classes)} if classes else {}, safe_serialization=True)
        _name_classes_once(files / "config.json")
        name = card["name"] if card else folder.name
        (files / "README.md").write_text(model_card(name, config, classes, card))
        _check_loads(model, files)
        files.rename(folder)


def _name_classes_once(path: Path) -> None:
    """Leave the number of classes out of the arguments: transformers 5.24 passes it a second time, and fails."""
    config = json.loads(path.read_text())
    config.get("model_args", {}).pop("num_classes", None)
    path.write_text(json.dumps(config, indent=2) + "\n")


def _check_loads(model: nn.Module, files: Path) -> None:
    try:
        loaded = timm.create_model(f"local-dir:{files}", pretrained=True)
    except Exception as error:  # of any class, by the arguments that were not kept
        raise ValueError(f"timm cannot load what it saved: {one_line(error)}; name the model without arguments that "
                         "change its layers") from error
    expected, got = model.state_dict(), loaded.state_dict()
    if expected.keys() != got.keys() or not all(torch.equal(value, got[key]) for key, value in expected.items()):
        raise ValueError("timm loads another model than it saved; name the model without arguments that change its "
                         "layers")


def model_card(name: str, config: dict, classes: Sequence[str] = (), card: dict | None = None) -> str:
    """The hub's README: metadata as YAML, then use, classes, data, figures and terms.

    Args:
        name: What the model is called.
        config: timm's ``pretrained_cfg``.
        classes: Names of the classes in order.
        card: The card of packaged weights.
    """
    channels, height, width = config["input_size"]
    use = _USE.format(name=name, height=height, width=width,
                      channels="grey pictures" if channels == 1 else f"pictures of {channels} channels",
                      grey='; give the processor `image.convert("L")`' if channels == 1 else "")
    parts = [f"---\n{_metadata(name, config, card)}\n---", f"# {name}", _summary(config, card), f"## Use\n\n{use}"]
    if classes:
        parts.append(f"## Classes\n\nIn the order of the logits: {', '.join(classes)}.")
    if card:
        parts += [f"## Data\n\n{_data(card)}", f"## Figures\n\n{_figures(card)}", f"## Training\n\n{_training(card)}",
                  "## Limits\n\nFor research. An expression is not a feeling: the network predicts how strangers would "
                  "label a picture. Do not use it to judge people, or to watch people who have not agreed to it."]
    return "\n\n".join([*parts, f"## Citation\n\n{_CITATION}"]) + "\n"


def _metadata(name: str, config: dict, card: dict | None) -> str:
    results = None
    if card:
        test = card["figures"]["test"]
        results = [EvalResult("image-classification", card["data"]["name"], card["data"]["name"], metric, test[metric],
                              dataset_split=card["data"]["test"]) for metric in ("accuracy", "balanced_accuracy")]
    return ModelCardData(
        model_name=name, library_name="timm", pipeline_tag="image-classification", license=config.get("license"),
        tags=["timm", "transformers", "image-classification", "facial-expression-recognition"],
        eval_results=results).to_yaml()


def _summary(config: dict, card: dict | None) -> str:
    weights = (f", with the weights `{card['name']}` of lanmsff-plugins: {card['parameters']:,} parameters"
               if card else ", exported by lanmsff-plugins")
    return f"`{config['architecture']}` of timm{weights}."


def _data(card: dict) -> str:
    data = card["data"]
    return (f"{data['name']} ({data['source']}). Trained on {data['train']}; chosen on {data['val']}; tested on "
            f"{data['test']}. {data['licence']}")


def _figures(card: dict) -> str:
    figures = [["validation", card["figures"]["val"]], ["test", card["figures"]["test"]]]
    columns = ("accuracy", "balanced_accuracy", "macro_f1", "calibration_error")
    return markdown(["split", "faces", *(column.replace("_", " ") for column in columns)],
                    [[split, found["faces"], *(f"{found[column]:.2f}" for column in columns)]
                     for split, found in figures])


def _training(card: dict) -> str:
    recipe = card["recipe"]
    return (f"By `{recipe['config']}` of lanmsff-plugins at commit `{recipe['commit'][:12]}`, seed {recipe['seed']}. "
            f"{recipe['note']}")
