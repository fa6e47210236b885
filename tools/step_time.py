"""Time the training step of the modern recipe, and that of another checkout beside it. Needs real FER-2013.

    git worktree add ../before REVISION
    python tools/step_time.py data/fer2013 ../before

Both train a part of an epoch, in turn, several times, in processes of their own; on a quiet machine the ratio of a pair
says what changed between them. Faces have 48 pixels, as in the recipe's first epochs, and a batch has 64.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from lanmsff_plugins.base.progress import progress
from lanmsff_plugins.base.tables import markdown
from lanmsff_plugins.cli.shell import shell

ROOT = Path(__file__).resolve().parent.parent
BATCH, EVERY = 64, 10  # faces; steps for each time that MMEngine's logger writes down
WAYS = {"as it was": None, "now": (), "now, on the device": ("on_device=True",)}


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data_root", type=Path, help="the folder with FER-2013 and fer2013new.csv")
    parser.add_argument("before", type=Path, help="another checkout of this repository")
    parser.add_argument("--rounds", type=int, default=5, help="trainings of each (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=60, help="of each training (default: %(default)s)")
    args = parser.parse_args()
    if args.rounds < 1 or args.steps < 2 * EVERY:
        parser.error(f"--rounds takes 1 or more, --steps {2 * EVERY} or more")
    if not (args.before / "lanmsff_plugins").is_dir():
        parser.error(f"{args.before} is not a checkout of this repository")
    return args


def step_time(checkout: Path, data_root: Path, steps: int, settings: tuple[str, ...]) -> float:
    """Milliseconds of a step, the median of a training's but for its first ``EVERY``."""
    roots = [f"{name}_dataloader.dataset.data_root={data_root.resolve()}" for name in ("train", "val", "test")]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [sys.executable, "-W", "ignore", "tools/train.py", "mm_configs/lanmsff_ferplus_modern.py",
             "--work-dir", folder, "--no-validate", "--cfg-options", *roots,
             f"train_dataloader.batch_size={BATCH}", f"train_dataloader.dataset.indices={BATCH * steps}",
             "train_cfg.max_epochs=1", f"default_hooks.logger.interval={EVERY}", *settings],
            cwd=checkout, check=True, capture_output=True, env={**os.environ, "PYTHONPATH": str(checkout.resolve())})
        log, = Path(folder).glob("*/vis_data/scalars.json")
        records = [json.loads(line) for line in log.read_text().splitlines()]
    return 1000 * float(np.median([record["time"] for record in records if "time" in record][1:]))


def run() -> None:
    args = parse_args()
    found: dict[str, list[float]] = {way: [] for way in WAYS}
    for _ in progress(range(args.rounds), "rounds", args.rounds):
        for way, settings in WAYS.items():
            checkout = args.before if settings is None else ROOT
            found[way].append(step_time(checkout, args.data_root, args.steps, settings or ()))
    before = np.array(found["as it was"])
    rows = [[way, f"{np.median(times):.0f}", f"{np.median(times / before):.3f}"] for way, times in found.items()]
    print(markdown(["step", "ms", "of what it was"], rows))


if __name__ == "__main__":
    with shell():
        run()
