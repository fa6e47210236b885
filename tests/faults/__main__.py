"""Try the cases, and write their table. See the package's docstring."""
import argparse
import multiprocessing
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from itertools import cycle
from pathlib import Path
from random import Random

import torch

from lanmsff_plugins.base.tables import markdown, replace_section

from . import data, doors, kills, layers, pictures, settings, weights
from .case import Case, Family
from .process import attempt
from .world import world

FAMILIES = [*layers.FAMILIES, *weights.FAMILIES, *data.FAMILIES, *settings.FAMILIES, *doors.FAMILIES,
            *pictures.FAMILIES]
DRAWN: list[tuple[Family, Case]] = []  # here, for what a case does cannot be sent to another process
DOCS = Path(__file__).resolve().parent.parent.parent / "docs" / "faults.md"


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=500, help="how many (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the generator (default: %(default)s)")
    parser.add_argument("--only", nargs="+", help="these doors or kinds only")
    parser.add_argument("--kills", type=int, default=20, help="how many commands to kill (default: %(default)s)")
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time (default: %(default)s)")
    parser.add_argument("--write", action="store_true", help="put the table into docs/faults.md")
    return parser.parse_args()


def draw(families: list[Family], how_many: int, seed: int) -> list[tuple[Family, Case]]:
    """Cases of all families in turn, none twice; a family that has no more is left out."""
    random, drawn, left = Random(seed), {}, list(families)
    while left and len(drawn) < how_many:
        for family in list(left):
            for _ in range(20):
                case = family.draw(random)
                if (family.door, case.what) not in drawn:
                    drawn[family.door, case.what] = family, case
                    break
            else:
                left.remove(family)
    return list(drawn.values())[:how_many]


def attempt_number(number: int) -> str:
    return attempt(DRAWN[number][1])


def main() -> None:
    args = parse_args()
    families = [family for family in FAMILIES
                if not args.only or family.door in args.only or family.kind in args.only]
    torch.set_num_threads(1)  # a fork of a process whose OpenMP has threads waits for them forever
    world()  # before anything forks
    DRAWN.extend(draw(families, args.cases, args.seed))
    verdicts, started = Counter(), time.monotonic()
    with ProcessPoolExecutor(args.jobs, multiprocessing.get_context("fork")) as pool:
        for (family, case), verdict in zip(DRAWN, pool.map(attempt_number, range(len(DRAWN)))):
            fine = verdict in ("right", "refused")
            verdicts[family.door, family.kind, verdict if fine else "fault"] += 1
            if not fine:
                print(f"FAULT {family.door} ({family.kind}): {case.what}\n      {verdict}", flush=True)
        doors = [door for door, _ in zip(cycle(kills.DOORS), range(args.kills))]
        for number, (door, verdict) in enumerate(zip(doors, pool.map(
                kills.kill, doors, [Random(f"{args.seed}.{number}") for number in range(args.kills)]))):
            verdicts[door, "killed", verdict if verdict == "right" else "fault"] += 1
            if verdict != "right":
                print(f"FAULT {door} ({number}): {verdict}", flush=True)
    kinds = sorted({(family.door, family.kind) for family in families} | {(door, "killed") for door in doors})
    rows = [[door, kind, *(verdicts[door, kind, verdict] for verdict in ("right", "refused", "fault"))]
            for door, kind in kinds]
    table = markdown(["door", "kind", "right", "refused", "faults"], rows)
    faults = sum(row[-1] for row in rows)
    print(f"{table}\n{len(DRAWN)} tried in {time.monotonic() - started:.0f} s, {faults} faults")
    if args.write:
        replace_section(DOCS, "faults", table)
    raise SystemExit(faults > 0)


if __name__ == "__main__":
    main()
