"""Test a checkpoint on val, on test and there with the mirror images, and package it with its card. Needs a checkout.

    python tools/publish_model.py ferplus mm_configs/lanmsff_ferplus_modern.py WORK_DIR --list NAME=FILE ...
    python tools/publish_model.py ferplus mm_configs/lanmsff_ferplus_modern.py lanmsff://lanmsff_ferplus --list ...

The second tests packaged weights anew, after the way from a picture to a tensor has changed say: the file and the
recipe in the card stay. The metafile of mm_configs and the tables in docs/results.md are then rewritten from all cards.
"""
import argparse
import json
import subprocess
import tempfile
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from mmengine.config import Config
from safetensors.torch import save

from lanmsff_plugins import weights
from lanmsff_plugins.base.errors import CheckpointError, ConfigError
from lanmsff_plugins.base.files import write_atomically
from lanmsff_plugins.base.tables import replace_section
from lanmsff_plugins.cli.options import add_config_arguments, add_list_argument, config_from, read_lists
from lanmsff_plugins.cli.shell import shell
from lanmsff_plugins.data.face_list import FaceList
from lanmsff_plugins.data.fer2013.reader import read_fer2013
from lanmsff_plugins.inference.preprocess import SIDE
from lanmsff_plugins.mm.engine.checkpoint import read_checkpoint
from lanmsff_plugins.mm.engine.evaluation import evaluate
from lanmsff_plugins.mm.engine.launch import find_checkpoint
from lanmsff_plugins.models import VARIANTS, build
from lanmsff_plugins.models.lanmsff import CHANNELS
from lanmsff_plugins.reporting import cards
from lanmsff_plugins.scores import Predictions, best_temperature
from lanmsff_plugins.weights.loading import PACKAGED, fit, weights_of

ROOT = Path(__file__).resolve().parent.parent
CONFIGS = ROOT / "mm_configs"


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tag", help="what to call the weights behind the model's name, such as ferplus")
    parser.add_argument("config", help="the config in mm_configs/ that trained them", type=Path)
    parser.add_argument("checkpoint", help="checkpoint file, a work dir for the best one in it, or lanmsff://NAME")
    parser.add_argument("--note", default="", help="what else one should know of the training")
    add_list_argument(parser)
    add_config_arguments(parser, training=False)
    return parser.parse_args()


def current_commit() -> str:
    """The commit of this checkout, which must be all that the figures come from, except for other weights."""
    def git(*args: str) -> str:
        done = subprocess.run(["git", *args], cwd=ROOT, capture_output=True, text=True)
        if done.returncode:
            raise ConfigError(f"a card names a commit of a checkout, and git says of {ROOT}: {done.stderr.strip()}")
        return done.stdout.strip()

    changed = git("status", "--porcelain", "--", "lanmsff_plugins", "mm_configs", "timm_registry", "tools",
                  ":!lanmsff_plugins/weights", ":!mm_configs/metafile.yml")
    if changed:
        raise ConfigError(f"a card names a commit, and this checkout differs from its own: commit first {changed!r}")
    return git("rev-parse", "HEAD")


def variant_of(cfg: Config, path: Path) -> str:
    """The name of the variant that a config trains."""
    channels = tuple(cfg.model.backbone.get("channels", CHANNELS))
    ours = cfg.model.backbone.type in ("lanmsff_plugins.LANMSFFBackbone", "lanmsff_plugins.LANMSFF")
    variant = next((name for name, variant in VARIANTS.items() if variant.channels == channels), None)
    if CONFIGS not in path.resolve().parents or not ours or variant is None:
        raise ConfigError(f"what is published is a variant of LANMSFF by a config in {CONFIGS}, got {path}")
    return variant


def side_of(cfg: Config) -> int:
    """The side in pixels of the faces that a config tests on."""
    resized = next(step for step in cfg.test_dataloader.dataset.pipeline if step.type == "lanmsff_plugins.ResizeFace")
    return resized.get("scale", SIDE)


def read_checked_lists(args: argparse.Namespace, data_root: str) -> dict[str, FaceList]:
    """The lists of faces, if they are of the faces in ``data_root``."""
    faces = read_fer2013(data_root)
    lists = {name: FaceList.read(path) for name, path in read_lists(args).items()}
    for listed in lists.values():
        listed.check(faces.pixels)
    return lists


def test(cfg: Config, file: bytes, lists: Mapping[str, FaceList]) -> dict:
    """The temperature of a card, by the validation split, and its figures, all by the file that is packaged."""
    predictions = {}
    with tempfile.TemporaryDirectory() as folder:
        packaged = Path(folder, "packaged.safetensors")
        packaged.write_bytes(file)
        for name, split, mirror in (("val", "val", False), ("test", "test", False), ("test_with_mirror", "test", True)):
            _, path = evaluate(cfg, str(packaged), split, mirror)
            predictions[name] = Predictions.load(path)
    temperature = best_temperature(predictions["val"])
    return {"temperature": temperature, "figures": {
        name: cards.figures(found, {} if name == "val" else lists, temperature) for name, found in predictions.items()}}


def publish(args: argparse.Namespace) -> None:
    cfg = config_from(args)
    variant = variant_of(cfg, args.config)
    train, dataset = cfg.train_dataloader.dataset, cfg.test_dataloader.dataset
    while "dataset" in train:  # within a wrapper, such as ClassBalancedDataset
        train = train.dataset
    commit = current_commit()
    data = cards.describe_data(dataset.type, train.split, train.get("mode"))
    lists = read_checked_lists(args, dataset.data_root)
    packaged = args.checkpoint.removeprefix(PACKAGED) if args.checkpoint.startswith(PACKAGED) else None
    checkpoint = args.checkpoint if packaged else find_checkpoint(args.checkpoint)
    content = read_checkpoint(checkpoint, "cpu")
    if packaged:
        recipe = weights.card(packaged)["recipe"]
    elif isinstance(content, dict) and "meta" in content:
        recipe = {"config": args.config.resolve().relative_to(ROOT).as_posix(), "epoch": content["meta"]["epoch"],
                  "seed": content["meta"]["seed"], "commit": commit, "note": args.note}
    else:
        raise CheckpointError(f"{checkpoint} does not say how it was trained; publish one that `lanmsff train` wrote")
    classes = cards.data_set(dataset.type).classes
    side = side_of(cfg)
    model = build(variant, num_classes=len(classes))
    model.load_state_dict(fit(model, weights_of(content, checkpoint), checkpoint, "name the config that it is of"))
    metadata = {"format": "pt", "classes": ", ".join(classes), "input": cards.describe_input(side)}
    # safetensors writes metadata in another order each time; a file that is tested anew stays as it is.
    file = weights.weights_file(packaged).read_bytes() if packaged else save(model.state_dict(), metadata)
    card = {
        "name": f"{variant}_{args.tag}", "model": variant, "tag": args.tag, "sha256": sha256(file).hexdigest(),
        "parameters": sum(p.numel() for p in model.parameters()), "classes": list(classes), "size": side,
        "input": cards.describe_input(side), "data": data, "recipe": recipe, "tested_at": commit,
        **test(cfg, file, lists), "sample": cards.hits_in_sample(model, side, dataset.type, dataset.data_root),
        "drawn": cards.drawn_logits(model, side),
    }
    write_atomically(weights.FOLDER / f"{card['name']}.json", (json.dumps(card, indent=2) + "\n").encode())
    write_atomically(weights.FOLDER / f"{card['name']}.safetensors", file)


def write_index() -> None:
    """Rewrite what is made of all cards."""
    every = weights.cards()
    models = {card["name"]: weights.load(card["name"]) for card in every}
    write_atomically(ROOT / "mm_configs" / "metafile.yml", cards.metafile(every, models).encode())
    replace_section(ROOT / "docs" / "results.md", "weights", cards.tables(every))


if __name__ == "__main__":
    with shell():
        publish(parse_args())
        write_index()
