"""Test a checkpoint on PublicTest, on PrivateTest and there with the mirror images, and package it with its card:

    python tools/publish_model.py lanmsff_ferplus mm_configs/lanmsff_ferplus_modern.py WORK_DIR --list NAME=FILE ...

The metafile of mm_configs and the table in the README are then written anew from all cards.
"""
import argparse
import json
import subprocess
from hashlib import sha256
from pathlib import Path

import timm
from safetensors.torch import save

import timm_registry  # noqa: F401
from lanmsff_plugins import weights
from lanmsff_plugins.analysis import cards
from lanmsff_plugins.analysis.scores import Predictions
from lanmsff_plugins.analysis.tables import replace_section
from lanmsff_plugins.data import FaceList, read_fer2013
from lanmsff_plugins.files import write_atomically
from lanmsff_plugins.mm.checkpoint import read_checkpoint
from lanmsff_plugins.mm.errors import ConfigError
from lanmsff_plugins.mm.evaluation import add_list_argument, evaluate
from lanmsff_plugins.mm.launch import add_arguments, find_checkpoint, load_config, main
from lanmsff_plugins.registry import DATASETS
from lanmsff_plugins.state_dicts import to_timm

ROOT = Path(__file__).resolve().parent.parent
CONFIGS = ROOT / "mm_configs"


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", help="what to call the weights, such as lanmsff_ferplus")
    parser.add_argument("config", help="the config in mm_configs/ that trained them", type=Path)
    parser.add_argument("checkpoint", help="checkpoint file, or a work dir for the best one in it")
    parser.add_argument("--note", default="", help="what else one should know of the training")
    add_list_argument(parser)
    add_arguments(parser, training=False)
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
    cfg = load_config(args)
    if CONFIGS not in args.config.resolve().parents or cfg.model.backbone.type != "lanmsff_plugins.LANMSFF":
        raise ConfigError(f"what is published is LANMSFF by a config in {CONFIGS}, got {args.config}")
    train, test = cfg.train_dataloader.dataset, cfg.test_dataloader.dataset
    while "dataset" in train:  # within a wrapper, such as ClassBalancedDataset
        train = train.dataset
    commit = current_commit()
    data = cards.describe_data(test.type, train.split, train.get("mode"))
    faces = read_fer2013(test.data_root)
    lists = {name: FaceList.read(path) for name, path in args.list}
    for listed in lists.values():
        listed.check(faces)

    checkpoint = find_checkpoint(args.checkpoint)
    predictions = {}
    for name, split, mirror in (("val", "val", False), ("test", "test", False), ("test_with_mirror", "test", True)):
        _, path = evaluate(cfg, checkpoint, split, mirror)
        predictions[name] = Predictions.load(path)
    content = read_checkpoint(checkpoint, "cpu")
    state_dict = {key: value.contiguous() for key, value in to_timm(content).items()}
    classes = DATASETS.get(test.type).METAINFO["classes"]
    model = timm.create_model("lanmsff", num_classes=len(classes))
    model.load_state_dict(state_dict)
    file = save(state_dict, {"format": "pt", "classes": ", ".join(classes), "input": cards.INPUT})
    card = {
        "name": args.name,
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
    write_atomically(weights.FOLDER / f"{args.name}.json", (json.dumps(card, indent=2) + "\n").encode())
    write_atomically(weights.FOLDER / f"{args.name}.safetensors", file)


def write_index() -> None:
    every = [weights.card(name) for name in weights.names()]
    models = {card["name"]: timm.create_model("lanmsff", num_classes=len(card["classes"])) for card in every}
    write_atomically(ROOT / "mm_configs" / "metafile.yml", cards.metafile(every, models).encode())
    replace_section(ROOT / "README.md", "weights", cards.tables(every))


def run() -> None:
    publish(parse_args())
    write_index()


if __name__ == "__main__":
    main(run)
