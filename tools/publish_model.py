"""Test a checkpoint on val, on test and there with the mirror images, and package it with its card. Needs a checkout.

    python tools/publish_model.py ferplus mm_configs/lanmsff_ferplus_modern.py WORK_DIR --list NAME=FILE ...

The metafile of mm_configs and the table in docs/results.md are then written anew from all cards.
"""
import argparse
import json
import subprocess
from hashlib import sha256
from pathlib import Path

from safetensors.torch import save

from lanmsff_plugins import weights
from lanmsff_plugins.base.errors import ConfigError
from lanmsff_plugins.base.files import write_atomically
from lanmsff_plugins.base.tables import replace_section
from lanmsff_plugins.cli.options import add_config_arguments, add_list_argument, config_from, read_lists
from lanmsff_plugins.cli.shell import shell
from lanmsff_plugins.data.face_list import FaceList
from lanmsff_plugins.data.fer2013.reader import read_fer2013
from lanmsff_plugins.mm.engine.checkpoint import read_checkpoint
from lanmsff_plugins.mm.engine.evaluation import evaluate
from lanmsff_plugins.mm.engine.launch import find_checkpoint
from lanmsff_plugins.models import VARIANTS, build
from lanmsff_plugins.models.lanmsff import CHANNELS
from lanmsff_plugins.models.naming import to_timm
from lanmsff_plugins.reporting import cards
from lanmsff_plugins.scores import Predictions

ROOT = Path(__file__).resolve().parent.parent
CONFIGS = ROOT / "mm_configs"


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tag", help="what to call the weights behind the model's name, such as ferplus")
    parser.add_argument("config", help="the config in mm_configs/ that trained them", type=Path)
    parser.add_argument("checkpoint", help="checkpoint file, or a work dir for the best one in it")
    parser.add_argument("--note", default="", help="what else one should know of the training")
    add_list_argument(parser)
    add_config_arguments(parser, training=False)
    return parser.parse_args()


def current_commit() -> str:
    """The commit of this checkout, which must be all that the figures come from, but for other weights."""
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


def publish(args: argparse.Namespace) -> None:
    cfg = config_from(args)
    channels = tuple(cfg.model.backbone.get("channels", CHANNELS))
    variant = next((name for name, variant in VARIANTS.items() if variant.channels == channels), None)
    if CONFIGS not in args.config.resolve().parents or variant is None:
        raise ConfigError(f"what is published is a variant of LANMSFF by a config in {CONFIGS}, got {args.config}")
    train, test = cfg.train_dataloader.dataset, cfg.test_dataloader.dataset
    while "dataset" in train:  # within a wrapper, such as ClassBalancedDataset
        train = train.dataset
    commit = current_commit()
    data = cards.describe_data(test.type, train.split, train.get("mode"))
    faces = read_fer2013(test.data_root)
    lists = {name: FaceList.read(path) for name, path in read_lists(args).items()}
    for listed in lists.values():
        listed.check(faces.pixels)

    checkpoint = find_checkpoint(args.checkpoint)
    predictions = {}
    for name, split, mirror in (("val", "val", False), ("test", "test", False), ("test_with_mirror", "test", True)):
        _, path = evaluate(cfg, checkpoint, split, mirror)
        predictions[name] = Predictions.load(path)
    content = read_checkpoint(checkpoint, "cpu")
    state_dict = {key: value.contiguous() for key, value in to_timm(content).items()}
    classes = cards.data_set(test.type).classes
    model = build(variant, num_classes=len(classes))
    model.load_state_dict(state_dict)
    file = save(state_dict, {"format": "pt", "classes": ", ".join(classes), "input": cards.INPUT})
    card = {
        "name": f"{variant}_{args.tag}",
        "model": variant,
        "tag": args.tag,
        "sha256": sha256(file).hexdigest(),
        "parameters": sum(p.numel() for p in model.parameters()),
        "classes": list(classes),
        "input": cards.INPUT,
        "data": data,
        "recipe": {"config": args.config.resolve().relative_to(ROOT).as_posix(), "epoch": content["meta"]["epoch"],
                   "seed": content["meta"]["seed"], "commit": commit, "note": args.note},
        "figures": {name: cards.figures(found, {} if name == "val" else lists) for name, found in predictions.items()},
        "sample": cards.hits_in_sample(model, test.type, test.data_root),
        "drawn": cards.drawn_logits(model),
    }
    write_atomically(weights.FOLDER / f"{card['name']}.json", (json.dumps(card, indent=2) + "\n").encode())
    write_atomically(weights.FOLDER / f"{card['name']}.safetensors", file)


def write_index() -> None:
    every = weights.cards()
    models = {card["name"]: weights.load(card["name"]) for card in every}
    write_atomically(ROOT / "mm_configs" / "metafile.yml", cards.metafile(every, models).encode())
    replace_section(ROOT / "docs" / "results.md", "weights", cards.tables(every))


def run() -> None:
    publish(parse_args())
    write_index()


if __name__ == "__main__":
    with shell():
        run()
