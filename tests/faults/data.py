"""Data that are not the ones meant: damaged rows, votes of other faces, files as office programs leave them."""
import io
import json
import random as random_module
import shutil
from collections.abc import Callable
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path
from random import Random

import numpy as np
from safetensors.numpy import load_file, save_file

from lanmsff_plugins.cli.main import main

from .case import Case, Family, Outcome, misspelt
from .world import tiny, world

__all__ = ["FAMILIES"]

Lines = list[str]
Damage = Callable[[Lines, Random], Lines]  # a CSV file's lines, the header first


def _cells(edit: Callable[[list[str], Random], None]) -> Damage:
    """Change the cells of one row."""
    def damage(lines: Lines, random: Random) -> Lines:
        at = random.randrange(1, len(lines))
        cells = lines[at].split(",")
        edit(cells, random)
        return [*lines[:at], ",".join(cells), *lines[at + 1:]]
    return damage


def _pixel(text: str) -> Damage:
    def edit(cells: list[str], random: Random) -> None:
        pixels = cells[1].split(" ")
        pixels[random.randrange(len(pixels))] = text
        cells[1] = " ".join(pixels)
    return _cells(edit)


def _cell(column: int | None, text: str) -> Damage:
    def edit(cells: list[str], random: Random) -> None:
        cells[random.randrange(2, 12) if column is None else column] = text
    return _cells(edit)


def _misspelt_usage(cells: list[str], random: Random) -> None:
    cells[-1] = misspelt(random, cells[-1])


def _header(lines: Lines, random: Random) -> Lines:
    names = lines[0].split(",")
    at = random.choice([i for i, name in enumerate(names) if len(name) > 3])
    names[at] = misspelt(random, names[at])
    return [",".join(names), *lines[1:]]


def _row_missing(lines: Lines, random: Random) -> Lines:
    del lines[random.randrange(1, len(lines))]
    return lines


def _row_twice(lines: Lines, random: Random) -> Lines:
    at = random.randrange(1, len(lines))
    return [*lines[:at], *lines[at:at + 1], *lines[at:]]


def _swapped(lines: Lines, random: Random) -> Lines:
    """Two rows of the same split, both with a name."""
    while True:
        a, b = sorted(random.sample(range(1, len(lines)), 2))
        first, second = lines[a].split(","), lines[b].split(",")
        if first[0] == second[0] and first[1] and second[1]:
            lines[a], lines[b] = lines[b], lines[a]
            return lines


def _shifted(lines: Lines, random: Random) -> Lines:
    """The votes and names of a stretch of the training split moved by one row."""
    end = random.randrange(5, 40)
    return [lines[0], *lines[2:end], lines[1], *lines[end:]]


FACES: dict[str, Damage] = {  # of fer2013.csv; to be refused
    "a pixel of 256": _pixel("256"),
    "a pixel of -1": _pixel("-1"),
    "a pixel that is text": _pixel("x"),
    "a pixel with a fraction": _pixel("12.5"),
    "a pixel missing": _pixel(""),
    "an expression of 7": _cell(0, "7"),
    "an expression of -1": _cell(0, "-1"),
    "an expression that is text": _cell(0, "happy"),
    "an expression missing": _cell(0, ""),
    "a usage misspelt": _cells(_misspelt_usage),
    "a usage missing": _cell(2, ""),
    "a cell too many": _cell(2, "Training,x"),
    "a column misspelt": _header,
    "a row missing": _row_missing,
    "a row twice": _row_twice,
    "no header": lambda lines, random: lines[1:],
    "a header only": lambda lines, random: lines[:1],
    "nothing": lambda lines, random: [],
    "a line cut off": lambda lines, random: [*lines[:-1], lines[-1][:700]],
}
VOTES: dict[str, Damage] = {  # of fer2013new.csv; to be refused
    "eleven votes": _cell(None, "11"),
    "a negative vote": _cell(None, "-1"),
    "a vote that is text": _cell(None, "x"),
    "half a vote": _cell(None, "2.5"),
    "NaN votes": _cell(None, "nan"),
    "a vote missing": _cell(None, ""),
    "a usage misspelt": _cells(lambda cells, random: cells.__setitem__(0, misspelt(random, cells[0]))),
    "a column misspelt": _header,
    "a row missing": _row_missing,
    "a row twice": _row_twice,
    "two rows swapped": _swapped,
    "rows shifted": _shifted,
    "a name of another row": _cell(1, "fer0000059.png"),
    "a name that is none": _cell(1, "face.png"),
    "no header": lambda lines, random: lines[1:],
    "nothing": lambda lines, random: [],
}
HARMLESS: dict[str, Callable[[bytes], bytes]] = {  # as editors and office programs leave a CSV; to be read
    "a byte order mark": lambda content: b"\xef\xbb\xbf" + content,
    "Windows' line ends": lambda content: content.replace(b"\n", b"\r\n"),
    "a blank last line": lambda content: content + b"\n",
    "blank last lines": lambda content: content + b"\n\n",
    "a last line of commas": lambda content: content + b"," * content.splitlines()[0].count(b",") + b"\n",
    "no end of the last line": lambda content: content.rstrip(b"\n"),
    "all at once": lambda content: b"\xef\xbb\xbf" + content.replace(b"\n", b"\r\n") + b",,\r\n\r\n",
}


def spoilt(door: str, file: str, random: Random) -> Case:
    """A row of one of the two CSV files spoilt."""
    damages = FACES if file == "fer2013.csv" else VOTES
    what, seed = random.choice(list(damages)), random.random()

    def prepare(folder: Path) -> None:
        _copy(folder)
        path = folder / "fer" / file
        lines = damages[what](path.read_text().splitlines(), random_module.Random(seed))
        path.write_text("".join(line + "\n" for line in lines))

    # Who audits FER-2013 alone need not have all of it; the votes are what tells of a row too few or too many.
    counted = {"a row missing": 59, "a row twice": 61}.get(what) if door == "audit" else None
    return Case(f"{file}: {what} ({seed:.3f})", _argv(door), prepare, counted and partial(_audited, counted))


def harmless(door: str, random: Random) -> Case:
    """One of the two CSV files as another program saves it."""
    file, what = random.choice(["fer2013.csv", "fer2013new.csv"]), random.choice(list(HARMLESS))

    def prepare(folder: Path) -> None:
        _copy(folder)
        path = folder / "fer" / file
        path.write_bytes(HARMLESS[what](path.read_bytes()))

    return Case(f"{file}: {what}", _argv(door), prepare, right=RESULTS[door], must_be_taken=True)


def compact(door: str, random: Random) -> Case:
    """A compact file, as ``prepare`` writes it, with an impossible value."""
    name = random.choice(["emotion", "usage"])
    value, row = random.choice([9, 11, 200]), random.randrange(60)

    def prepare(folder: Path) -> None:
        _quietly("prepare", world().faces, folder / "fer")
        for path in (folder / "fer").glob("*.safetensors"):
            arrays = load_file(path)
            found = next((key for key in arrays if name in key), None)
            if found:
                arrays[found].reshape(len(arrays[found]), -1)[row, -1] = value
                save_file(arrays, path)

    return Case(f"compact: {name} {value} in row {row}", _argv(door), prepare)


def folders(random: Random) -> Case:
    """A data set in folders, with a class behind a symbolic link, or a picture damaged."""
    what = random.choice(["a class linked", "a split linked", "a picture cut off", "a picture empty",
                          "a text file named .png", "a folder of another name", "a class folder empty"])
    seed = random.random()

    def prepare(folder: Path) -> None:
        draw = random_module.Random(seed)
        _quietly("draw", folder / "fer", "--faces", "60", "--layout", "plain-folders")
        (folder / "fer" / "fer2013new.csv").unlink(missing_ok=True)  # no names tell whose votes these are
        split = folder / "fer" / "train"
        kind = draw.choice(sorted(split.iterdir()))
        moved = kind if what == "a class linked" else split
        picture = draw.choice(sorted(split.rglob("*.png")) or sorted(split.rglob("*.jpg")))
        match what:
            case "a class linked" | "a split linked":
                shutil.move(moved, folder / "elsewhere")
                moved.symlink_to(folder / "elsewhere")
            case "a picture cut off":
                picture.write_bytes(picture.read_bytes()[:60])
            case "a picture empty":
                picture.write_bytes(b"")
            case "a text file named .png":
                picture.write_text("no picture")
            case "a folder of another name":
                kind.rename(kind.with_name(misspelt(draw, kind.name)))
            case _:
                shutil.rmtree(kind)
                kind.mkdir()

    linked = what.endswith("linked")
    return Case(f"folders: {what} ({seed:.3f})", ("prepare", "fer", "out"), prepare,
                right=_sixty_faces if linked else None, must_be_taken=linked)


def teacher(random: Random) -> Case:
    """A teacher's scores that are none, or are of other faces."""
    what = random.choice(["NaN", "infinite", "negative", "logits", "sums of 2", "zeros", "text", "other labels",
                          "other names", "a row twice", "seven classes", "a row missing", "fine"])
    seed = random.randrange(1000)

    def prepare(folder: Path) -> None:
        from lanmsff_plugins.data.fer2013.selection import select_ferplus
        chosen = select_ferplus(world().faces, "train", "majority", None)
        rng, n = np.random.default_rng(seed), len(chosen.rows)
        scores = rng.dirichlet(np.ones(8), n).astype(np.float32)
        arrays = {"scores": scores, "labels": chosen.labels, "rows": chosen.rows, "names": chosen.names,
                  "views": np.full(n, "")}
        row = seed % n
        match what:
            case "NaN":
                scores[row, 0] = np.nan
            case "infinite":
                scores[row, 0] = np.inf
            case "negative":
                scores[row] = -scores[row]
            case "logits":
                arrays["scores"] = rng.normal(0, 9, (n, 8)).astype(np.float32)
            case "sums of 2":
                arrays["scores"] = scores * 2
            case "zeros":
                scores[row] = 0
            case "text":
                arrays["scores"] = scores.astype(str)
            case "other labels":
                arrays["labels"] = (chosen.labels + 1 + seed % 7) % 8
            case "other names":
                arrays["names"] = np.roll(chosen.names, 1)
            case "a row twice":
                arrays = {key: np.concatenate([value, value[row:row + 1]]) for key, value in arrays.items()}
            case "seven classes":
                arrays["scores"] = rng.dirichlet(np.ones(7), n).astype(np.float32)
            case "a row missing":
                arrays = {key: np.delete(value, row, 0) for key, value in arrays.items()}
        np.savez(folder / "teacher.npz", **arrays)

    fine = what == "fine"
    return Case(f"a teacher's scores: {what}, {seed}", (
        "train", "lanmsff_ferplus", "--work-dir", "w",
        *tiny(world().faces, "train_dataloader.dataset.teacher=teacher.npz", epochs=1)),
        prepare, right=(lambda folder, outcome: None) if fine else None, must_be_taken=fine)


def lists(command: str, random: Random) -> Case:
    """A list of faces that names none, or others."""
    what, text = random.choice([
        ("empty", ""), ("a name that is none", "face\n"), ("a row beyond the end", "99999\n"),
        ("a negative row", "-3\n"),
        ("a training face", "fer0000000.png\n"), ("bytes", "\0\1\2\n"), ("a fraction", "1.5\n"),
        ("a name twice over", "fer0000001.pngfer0000002.png\n")])

    def prepare(folder: Path) -> None:
        (folder / "hard.txt").write_text(text)

    here = world()
    argv = (("report", str(here.run), "--out", "page.html") if command == "report" else
            ("test", "lanmsff_ferplus", str(here.checkpoint), "--work-dir", "w", *tiny(here.faces)))
    return Case(f"{command}, a list: {what}", (*argv, "--list", "hard=hard.txt"), prepare)


def _quietly(command: str, *args: object) -> None:
    with redirect_stdout(io.StringIO()):
        main(command, [str(arg) for arg in args])


def _copy(folder: Path) -> None:
    (folder / "fer").mkdir()
    for name in ("fer2013.csv", "fer2013new.csv"):
        shutil.copy(world().faces / name, folder / "fer")


def _argv(door: str) -> tuple[str, ...]:
    here = world()
    return {
        "train": ("train", "lanmsff_ferplus", "--work-dir", "w", *tiny(Path("fer"), epochs=1)),
        "test": ("test", "lanmsff_ferplus", str(here.checkpoint), "--work-dir", "w", *tiny(Path("fer"))),
        "prepare": ("prepare", "fer", "out"),
        "audit": ("audit", "fer", "--out", "out"),
        "export": ("export", "lanmsff.ferplus", "x.onnx", "--classes", "ferplus", "--data", "fer"),
    }[door]


def _same_scores(folder: Path, outcome: Outcome) -> None:
    with np.load(folder / "w" / "test.npz") as found, np.load(world().run / "test.npz") as expected:
        assert np.array_equal(found["labels"], expected["labels"]), "other labels"
        assert np.array_equal(found["scores"], expected["scores"]), "other scores"


def _audited(faces: int, folder: Path, outcome: Outcome) -> None:
    found = json.loads((folder / "out" / "audit.json").read_text())["faces"]
    assert found == faces, f"{found} faces of {faces}"


def _sixty_faces(folder: Path, outcome: Outcome) -> None:
    arrays = load_file(next((folder / "out").glob("*.safetensors")))
    assert len(next(iter(arrays.values()))) == 60, f"{len(next(iter(arrays.values())))} faces of 60"


def _same_arrays(folder: Path, outcome: Outcome) -> None:
    _quietly("prepare", world().faces, folder / "expected")
    for path in (folder / "expected").glob("*.safetensors"):
        found, expected = load_file(folder / "out" / path.name), load_file(path)
        assert found.keys() == expected.keys(), "other arrays"
        assert all(np.array_equal(found[key], expected[key]) for key in expected), f"other values in {path.name}"


RESULTS = {"test": _same_scores, "prepare": _same_arrays}
FAMILIES = [
    *(Family(door, "data", partial(spoilt, door, file))
      for door, file in (("train", "fer2013new.csv"), ("train", "fer2013.csv"), ("test", "fer2013new.csv"),
                         ("prepare", "fer2013.csv"), ("prepare", "fer2013new.csv"), ("audit", "fer2013.csv"),
                         ("export", "fer2013new.csv"))),
    *(Family(door, "data", partial(harmless, door)) for door in RESULTS),
    Family("train", "data", partial(compact, "train")),
    Family("prepare", "data", folders),
    Family("train", "data", teacher),
    *(Family(command, "data", partial(lists, command)) for command in ("test", "report")),
]
