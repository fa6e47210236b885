"""Train the variants of an ablation, each with several seeds, and write their table. Needs a checkout.


    python tools/ablate.py network --amp    # what MassAtt, PWFS and the fusion are worth
    python tools/ablate.py recipe --amp     # what the parts of the modern recipe are worth

The figures are those of the val split; the test split is left to the final weights. Run again after an interruption,
it leaves finished trainings alone and resumes the one that it was in.
"""
import argparse
import copy
from pathlib import Path

from mmengine.config import Config
from mmengine.dist import is_main_process
from mmpretrain import get_model

from lanmsff_plugins.base.files import write_atomically
from lanmsff_plugins.base.tables import markdown, replace_section
from lanmsff_plugins.cli.options import add_config_arguments, config_from, settings_from
from lanmsff_plugins.cli.shell import shell
from lanmsff_plugins.mm.engine.trials import mean_and_deviation, run_trial

ROOT = Path(__file__).resolve().parent.parent
CONFIGS = ROOT / "mm_configs" / "ablation"
FIRST = {"network": "lanmsff", "recipe": "modern"}  # the variant from which the others differ, on top of the table
METRICS = {"accuracy/top1": "accuracy", "balanced_accuracy": "balanced accuracy", "macro_f1": "macro F1"}


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ablation", choices=sorted(FIRST), help="a folder of mm_configs/ablation")
    parser.add_argument("variants", nargs="*", metavar="VARIANT", help="configs in it, without .py (default: all)")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], metavar="SEED",
                        help="seeds of the trainings of each variant (default: 0 1 2)")
    parser.add_argument("--write", action="store_true", help="put the table into docs/results.md")
    add_config_arguments(parser)
    args = parser.parse_args()
    known = [path.stem for path in sorted((CONFIGS / args.ablation).glob("*.py"))]
    for name in args.variants:
        if name not in known:
            parser.error(f"the ablation {args.ablation} has no variant {name!r}; expected some of {', '.join(known)}")
    if args.write and args.variants:
        parser.error("--write takes no VARIANT: the table in docs/results.md is that of all of them")
    args.variants = args.variants or known
    args.seeds = sorted(set(args.seeds))
    args.work_dir = args.work_dir or f"work_dirs/ablation/{args.ablation}"
    return args


def train_variant(cfg: Config, seeds: list[int], settings: dict) -> list[dict[str, float]]:
    """The test metrics of one variant, seed by seed; ``settings`` are those of the command line."""
    results = []
    for seed in seeds:
        trial = copy.deepcopy(cfg)
        trial.work_dir = str(Path(cfg.work_dir) / Path(cfg.filename).stem / f"seed_{seed}")
        trial.randomness.seed = seed
        trial.test_dataloader.dataset.split = "val"
        protocol = {"config": Path(cfg.filename).stem, "seed": seed, "epochs": cfg.train_cfg.max_epochs, **settings}
        results.append(run_trial(trial, protocol))
    return results


def run() -> None:
    args = parse_args()
    rows = []
    for name in args.variants:
        args.config = CONFIGS / args.ablation / f"{name}.py"
        cfg = config_from(args)
        mean, deviation = mean_and_deviation(train_variant(cfg, args.seeds, settings_from(args)))
        parameters = sum(p.numel() for p in get_model(cfg).parameters())
        figures = [f"{mean[metric]:.2f}" + (f" ± {deviation[metric]:.2f}" if len(args.seeds) > 1 else "")
                   for metric in METRICS]
        row = [f"`{name}`", args.config.read_text().splitlines()[0].removeprefix("# "), f"{parameters:,}",
               len(args.seeds), cfg.train_cfg.max_epochs, *figures]
        rows.append((name != FIRST[args.ablation], -mean["accuracy/top1"], row))
    if is_main_process():
        table = markdown(["variant", "what is different", "parameters", "seeds", "epochs", *METRICS.values()],
                         [row for *_, row in sorted(rows)])
        write_atomically(Path(args.work_dir) / "ablation.md", (table + "\n").encode())
        print(table)
        if args.write:
            replace_section(ROOT / "docs" / "results.md", f"ablation {args.ablation}", table)


if __name__ == "__main__":
    with shell():
        run()
