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
from mmengine.config import Config, DictAction
from safetensors.torch import save

import timm_registry  # noqa: F401
from lanmsff_plugins import weights
from lanmsff_plugins.analysis import cards
from lanmsff_plugins.analysis.tables import replace_section
from lanmsff_plugins.files import write_atomically
from lanmsff_plugins.mm.checkpoint import read_checkpoint
from lanmsff_plugins.mm.launch import find_checkpoint, main
from lanmsff_plugins.registry import DATASETS
from lanmsff_plugins.state_dicts import to_timm

ROOT = Path(__file__).resolve().parent.parent


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", help="what to call the weights, such as lanmsff_ferplus")
    parser.add_argument("config", help="the config that trained them")
    parser.add_argument("work_dir", help="the work dir of the training", type=Path)
    parser.add_argument("--list", nargs="+", action=DictAction, default={}, metavar="NAME=FILE",
                        help="lists of faces to give figures for, as of tools/test.py")
    parser.add_argument("--note", default="", help="what else one should know of the training")
    return parser.parse_args()


def publish(args: argparse.Namespace) -> None:
    cfg = Config.fromfile(args.config)
    checkpoint = read_checkpoint(find_checkpoint(args.work_dir), "cpu")
    state_dict = {key: value.contiguous() for key, value in to_timm(checkpoint).items()}
    train = cfg.train_dataloader.dataset
    classes = DATASETS.get(train.type).METAINFO["classes"]
    model = timm.create_model("lanmsff", num_classes=len(classes))
    model.load_state_dict(state_dict)
    content = save(state_dict, {"format": "pt", "classes": ", ".join(classes), "input": cards.INPUT})
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True)
    card = {
        "name": args.name,
        "sha256": sha256(content).hexdigest(),
        "parameters": sum(p.numel() for p in model.parameters()),
        "classes": list(classes),
        "input": cards.INPUT,
        "data": cards.describe_data(train.type, train.get("mode")),
        "recipe": {"config": Path(args.config).resolve().relative_to(ROOT).as_posix(),
                   "epoch": checkpoint["meta"]["epoch"], "seed": cfg.randomness.seed,
                   "commit": commit.stdout.strip(), "note": args.note},
        "figures": {"val": cards.figures(args.work_dir / "val.npz", {}),
                    "test": cards.figures(args.work_dir / "test.npz", args.list),
                    "test_with_mirror": cards.figures(args.work_dir / "test_mirror.npz", args.list)},
        "sample": cards.hits_in_sample(model, train.type, train.data_root),
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
