"""Package the best checkpoint of a work dir with its card, after tools/test.py has tested it in three ways:

    python tools/test.py CONFIG WORK_DIR --work-dir WORK_DIR --split val
    python tools/test.py CONFIG WORK_DIR --work-dir WORK_DIR
    python tools/test.py CONFIG WORK_DIR --work-dir WORK_DIR --tta
    python tools/publish_model.py lanmsff_ferplus CONFIG WORK_DIR

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
from lanmsff_plugins.mm.launch import KeyValueAction, check_checkpoint, find_checkpoint, main, read_config
from lanmsff_plugins.registry import DATASETS
from lanmsff_plugins.state_dicts import to_timm

ROOT = Path(__file__).resolve().parent.parent


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", help="what to call the weights, such as lanmsff_ferplus")
    parser.add_argument("config", help="the config that trained them, one of mm_configs/", type=Path)
    parser.add_argument("work_dir", help="the work dir of the training", type=Path)
    parser.add_argument("--list", nargs="+", action=KeyValueAction, default={}, metavar="NAME=FILE",
                        help="lists of faces to give figures for, as of tools/test.py")
    parser.add_argument("--note", default="", help="what else one should know of the training")
    return parser.parse_args()


def current_commit() -> str:
    """The commit of the checkout, which must hold all that the figures came from."""
    def git(*args: str) -> str:
        return subprocess.run(["git", *args], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()

    changed = git("status", "--porcelain", "--", "lanmsff_plugins", "mm_configs", "timm_registry", "tools",
                  ":!lanmsff_plugins/weights", ":!mm_configs/metafile.yml")
    if changed:
        raise ConfigError(f"a card names a commit, and this checkout differs from its own: commit first {changed!r}")
    return git("rev-parse", "HEAD")


def read_predictions(path: Path, checkpoint: Path) -> Predictions:
    predictions = Predictions.load(path)
    if path.stat().st_mtime < checkpoint.stat().st_mtime:
        raise ConfigError(f"{path} is older than {checkpoint}; test it again by tools/test.py")
    return predictions


def publish(args: argparse.Namespace) -> None:
    cfg = read_config(args.config)
    if ROOT not in args.config.resolve().parents:
        raise ConfigError(f"a card names a config of this repository, got {args.config}")
    train, test = cfg.train_dataloader.dataset, cfg.test_dataloader.dataset
    while "dataset" in train:  # within a wrapper, such as ClassBalancedDataset
        train = train.dataset
    commit = current_commit()
    data = cards.describe_data(test.type, train.split, train.get("mode"))
    classes = DATASETS.get(test.type).METAINFO["classes"]
    faces = read_fer2013(test.data_root)
    lists = {name: FaceList.read(path) for name, path in args.list.items()}
    for faces_listed in lists.values():
        faces_listed.check(faces)

    cfg.load_from = find_checkpoint(args.work_dir)
    check_checkpoint(cfg)
    checkpoint = read_checkpoint(cfg.load_from, "cpu")
    predictions = {name: read_predictions(args.work_dir / f"{name}.npz", Path(cfg.load_from))
                   for name in ("val", "test", "test_mirror")}
    state_dict = {key: value.contiguous() for key, value in to_timm(checkpoint).items()}
    model = timm.create_model("lanmsff", num_classes=len(classes))
    model.load_state_dict(state_dict)
    hits = cards.hits_of(model, test.type, test.data_root, cards.SAMPLE)
    tested = predictions["test"]
    tested_hits = (tested.scores.argmax(1) == tested.labels)[cards.SAMPLE]
    if len(hits) != len(tested_hits) or (hits != tested_hits).mean() > 0.02:  # timm resizes less coarsely
        raise ConfigError(f"{args.work_dir}/test.npz is not what {cfg.load_from} predicts; test it again by "
                          "tools/test.py")

    content = save(state_dict, {"format": "pt", "classes": ", ".join(classes), "input": cards.INPUT})
    card = {
        "name": args.name,
        "sha256": sha256(content).hexdigest(),
        "parameters": sum(p.numel() for p in model.parameters()),
        "classes": list(classes),
        "input": cards.INPUT,
        "data": data,
        "recipe": {"config": args.config.resolve().relative_to(ROOT).as_posix(),
                   "epoch": checkpoint["meta"]["epoch"], "seed": checkpoint["meta"]["seed"],
                   "commit": commit, "note": args.note},
        "figures": {"val": cards.figures(predictions["val"], {}),
                    "test": cards.figures(tested, lists),
                    "test_with_mirror": cards.figures(predictions["test_mirror"], lists)},
        "sample": {"faces": len(hits), "hits": int(hits.sum())},
        "drawn": cards.drawn_logits(model),
    }
    write_atomically(weights.FOLDER / f"{args.name}.json", (json.dumps(card, indent=2) + "\n").encode())
    write_atomically(weights.FOLDER / f"{args.name}.safetensors", content)


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
