"""`lanmsff predict`, as a user runs it."""
import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from lanmsff_plugins.data.synthetic import draw_face
from lanmsff_plugins.inference.sources import Video
from lanmsff_plugins.pictures import read_picture

from ..conftest import ROOT
from ..processes import run_process
from .command import runner


@pytest.fixture
def run(capsys):
    return runner("predict", capsys)


@pytest.fixture
def detector():
    pytest.importorskip("retinaface")


def lines(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


def drawn(folder: Path, count: int, **options) -> list[Path]:
    """Faces already cut out."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    paths = [folder / f"{i:04}.png" for i in range(count)]
    for path in paths:
        Image.fromarray(draw_face("happiness", 0., 0, rng, side=64)).save(path, **options)
    return paths


def test_the_astronaut_has_one_face_and_it_smiles(run, astronaut, detector):
    status, out, err = run(astronaut)
    assert status == 0 and not err
    title, header, face = out.strip().splitlines()
    assert title == str(astronaut) and header.split()[:3] == ["face", "expression", "score"]
    assert face.split()[:3] == ["1", "happiness", "1.00"]


def test_json_says_everything_of_it(run, astronaut, detector):
    status, out, _ = run(astronaut, "--json")
    face, = lines(out)
    assert status == 0 and face["label"] == "happiness" and face["score"] > .9 and face["faces"] == 1
    assert face["box"] == pytest.approx([177, 56, 95, 120], abs=12)
    assert abs(face["roll"]) < 8 and face["warning"] is None
    assert sum(face["scores"].values()) == pytest.approx(1, abs=.001) and len(face["scores"]) == 8


def test_what_is_saved_can_be_looked_at(run, astronaut, tmp_path, detector):
    pytest.importorskip("cv2")
    status, _, _ = run(astronaut, "--save", tmp_path / "out", "--maps", "--csv", tmp_path / "faces.csv")
    assert status == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "astronaut.png.boxes.jpg", "astronaut.png.face1.png", "astronaut.png.maps1.png"]
    assert Image.open(tmp_path / "out" / "astronaut.png.boxes.jpg").size == (512, 512)
    row, = csv.DictReader((tmp_path / "faces.csv").open())
    assert row["label"] == "happiness" and float(row["happiness"]) > .9


def test_names_in_several_folders_do_not_meet(run, tmp_path):
    first, = drawn(tmp_path / "a", 1)
    second, = drawn(tmp_path / "b", 1)
    assert run(first, second, "--no-detect", "--save", tmp_path / "out")[0] == 0
    assert sorted(path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.jpg")) == [
        "a/0000.png.boxes.jpg", "b/0000.png.boxes.jpg"]


def test_a_face_that_is_cut_out_needs_no_detector(run):
    status, out, _ = run(ROOT / "docs" / "face.png", "--no-detect", "--json")
    face, = lines(out)
    printed = (ROOT / "README.md").read_text().split("docs/face.png\n", 1)[1].splitlines()[0].split()
    assert status == 0 and [face["label"], f"{face['score']:.2f}"] == printed  # the answer of the first example


def test_boxes_of_one_s_own(run, astronaut, tmp_path):
    boxes = tmp_path / "boxes.csv"
    boxes.write_text(f"file,x,y,width,height\n{astronaut},177,66,95,102\n{astronaut},400,300,40,40\n")
    status, out, _ = run(astronaut, "--boxes", boxes, "--json")
    first, second = lines(out)
    assert status == 0 and first["label"] == "happiness" and first["score"] > .9 and first["detector_score"] is None
    assert second["box"] == [400, 300, 40, 40]
    status, _, err = run(ROOT / "docs" / "face.png", "--boxes", boxes)
    assert status == 2 and "has no box for any of the photographs" in err


def test_a_video_gives_a_line_a_face_and_a_timeline(run, video, tmp_path, detector):
    status, out, err = run(video, "--json", tmp_path / "faces.jsonl", "--save", tmp_path / "out")
    assert status == 0 and not err
    faces = lines((tmp_path / "faces.jsonl").read_text())
    assert [face["frame"] for face in faces] == list(range(15)) and {face["track"] for face in faces} == {1}
    assert faces[14]["box"][0] - faces[0]["box"][0] == pytest.approx(14 * 6, abs=6)
    assert faces[14]["time"] == pytest.approx(1.4, abs=.01)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "talk.mp4.boxes.mp4", "talk.mp4.face1.png", "talk.mp4.timeline.csv", "talk.mp4.timeline.png"]
    assert out.split()[:4] == ["0.00", "s", "face", "1"] and "happiness" in out


def test_a_camera_s_video_plays_in_real_time(run, tmp_path, monkeypatch):
    pytest.importorskip("cv2")
    pytest.importorskip("matplotlib")
    pictures = iter([(True, np.zeros((64, 64, 3), np.uint8))] * 4 + [(False, None)])
    camera = SimpleNamespace(get=lambda _: 10., read=lambda: next(pictures), release=lambda: None)
    clock = SimpleNamespace(monotonic=iter([0., .1, .5, 1., 2.]).__next__)
    with monkeypatch.context() as patch:
        patch.setattr("lanmsff_plugins.inference.sources._capture", lambda number: camera)
        patch.setattr("lanmsff_plugins.inference.sources.time", clock)
        assert run("--camera", "0", "--no-detect", "--save", tmp_path)[0] == 0
    assert len(list(Video(tmp_path / "camera_0.boxes.mp4").frames())) == 21  # the last frame is that of second 2


def test_a_rerun_with_other_classes_is_refused_and_changes_nothing(run, tmp_path):
    path, = drawn(tmp_path / "faces", 1)
    out = tmp_path / "out.jsonl"
    assert run(path, "--no-detect", "--json", out, "--weights", "lanmsff_ferplus")[0] == 0
    out.write_text(out.read_text() + "{")  # a kill while a line was written
    before = out.read_bytes()
    status, _, err = run(path, "--no-detect", "--json", out, "--resume", "--weights", "lanmsff_fer2013")
    line, = err.splitlines()
    assert status == 2 and f"{out} has the classes " in line and out.read_bytes() == before


def test_a_rerun_goes_on_and_gives_the_same(run, tmp_path):
    paths = drawn(tmp_path / "faces", 6)
    args = (tmp_path / "faces", "--no-detect", "--resume", "--csv", tmp_path / "out.csv")
    assert run(*args)[0] == 0
    whole = (tmp_path / "out.csv").read_bytes()
    (tmp_path / "out.csv").write_bytes(whole[:-300])  # a kill while a row was written
    status, out, _ = run(*args)
    assert status == 0 and (tmp_path / "out.csv").read_bytes() == whole
    assert 0 < out.count(".png\n") < len(paths)  # the rest was not read anew
    assert run(*args)[1] == ""


def test_an_interruption_leaves_what_is_done(tmp_path):
    drawn(tmp_path / "faces", 100)
    for path in list((tmp_path / "faces").iterdir()):  # so many that the interruption comes before the end
        for i in range(60):
            os.link(path, path.with_name(f"{i}_{path.name}"))
    out = tmp_path / "out.jsonl"
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "lanmsff_plugins", "predict", str(tmp_path / "faces"), "--no-detect",
         "--json", str(out)], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))  # shells have background jobs ignore it
    while process.poll() is None and not (out.is_file() and out.stat().st_size):
        time.sleep(.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert process.returncode == 130 and "Traceback" not in err and err.startswith("interrupted")
    found = lines(out.read_text())
    assert 0 < len(found) < 6100 and all(face["label"] for face in found)


def bad_files(folder: Path, good: bytes) -> dict[str, bool]:
    """Files of all kinds in a folder: their names, and whether they can be read."""
    picture = Image.fromarray(draw_face("happiness", 0., 0, np.random.default_rng(0), side=64))
    rgb = picture.convert("RGB")

    def save(name: str, image: Image.Image, **options) -> None:
        image.save(folder / name, **options)

    contents = {"empty.jpg": b"", "text.jpg": b"not a picture", "half.png": good[:len(good) // 2],
                "head.png": good[:20],
                "noise.jpg": bytes(range(256)) * 9, "script.jpg": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
                "page.html.png": b"<html></html>", "zeros.bmp": bytes(500), "turned.png": good[::-1]}
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    save("huge.png", Image.new("1", (20_000, 20_000)))
    save("float.tif", Image.fromarray(np.zeros((9, 9), np.float32)))
    (folder / "gone.png").symlink_to(folder / "nowhere.png")
    os.mkfifo(folder / "pipe.png")
    readable = {"one.png": Image.new("L", (1, 1)), "line.png": Image.new("RGB", (900, 1)),
                "cmyk.jpg": rgb.convert("CMYK"), "palette.png": rgb.quantize(8),
                "sixteen.png": Image.fromarray(np.asarray(picture).astype(np.uint16) * 257),
                "alpha.png": rgb.convert("RGBA"), "bits.png": picture.convert("1"), "wrong_name.jpg.png": rgb}
    for name, image in readable.items():
        save(name, image)
    save("animated.gif", rgb, save_all=True, append_images=[rgb.rotate(90)])
    for turn in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = turn
        save(f"exif{turn}.jpg", rgb, exif=exif)
    (folder / "folder.jpg").mkdir()
    save("folder.jpg/inside.png", rgb)
    save("line\nbreak.png", rgb)
    save("日本 ü.png", rgb)
    bad = [*contents, "huge.png", "float.tif", "gone.png", "pipe.png"]
    good_ones = [*readable, "animated.gif", *(f"exif{turn}.jpg" for turn in range(1, 9)), "folder.jpg/inside.png",
                 "line\nbreak.png", "日本 ü.png"]
    return dict.fromkeys(bad, False) | dict.fromkeys(good_ones, True)


@pytest.mark.parametrize("options", [["--no-detect"], []], ids=["whole", "detected"])
def test_a_damaged_file_is_named_in_one_line_and_the_others_go_on(run, tmp_path, options, detector):
    path, = drawn(tmp_path, 1)
    folder = tmp_path / "kinds"
    folder.mkdir()
    kinds = bad_files(folder, path.read_bytes())
    assert len(kinds) >= 30
    status, out, err = run(folder, "--json", *options)
    bad = [name for name, readable in kinds.items() if not readable]
    assert status == 1
    *errors, last = err.splitlines()
    assert last == f"{len(bad)} of {len(kinds)} could not be read" and len(errors) == len(bad)
    for name in bad:
        line, = [line for line in errors if f"{folder}/{name}" in line]
        assert line.startswith("error: ") and "Traceback" not in line
    names = {Path(face["file"]).relative_to(folder).as_posix() for face in lines(out)}
    assert names == {name for name, readable in kinds.items() if readable}


def test_pictures_that_lie_on_their_side_are_read_upright(run, tmp_path):
    path, = drawn(tmp_path, 1)
    picture = read_picture(path)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.rot90(picture)).save(tmp_path / "lying.png", exif=exif)
    first, second = lines(run(path, tmp_path / "lying.png", "--no-detect", "--json")[1])
    assert first["scores"] == second["scores"]


@pytest.mark.parametrize(("args", "message"), [
    ([], "nothing to read; name photographs"), (["nowhere.jpg"], "nothing at nowhere.jpg"),
    (["."], "no pictures in ."), (["face.png", "--maps"], "--maps draws pictures"),
    (["face.png", "--resume"], "--resume goes on with a file"),
    (["face.png", "--json", "--resume"], "--resume goes on with a file"),
    (["talk.mp4", "--resume", "--json", "x.jsonl"], "--resume leaves out photographs"),
    (["face.png", "--boxes", "nowhere.csv"], "no boxes at nowhere.csv"),
    (["talk.mp4", "--boxes", "boxes.csv"], "--boxes are those of photographs; talk.mp4 is a video"),
    (["face.png", "--detector-weights", "nowhere.onnx"], "no detector at nowhere.onnx"),
    (["face.png", "--detector-weights", "talk.mp4"], "talk.mp4 is not YuNet's file"),
    (["face.png", "--no-detect", "--resume", "--json", "boxes.csv"], "was not written by `lanmsff predict`")])
def test_what_cannot_be_done_is_refused_at_the_door(run, args, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if args != ["."]:
        Image.new("L", (4, 4)).save("face.png")
        Path("talk.mp4").write_bytes(b"")
        Path("boxes.csv").write_text("file,x,y,width,height\n")
    before = sorted(tmp_path.iterdir())
    status, out, err = run(*args)
    line, = err.splitlines()
    assert status == 2 and not out and line.startswith("error: ") and message in line
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("args", [["broken.mp4"], ["--camera", "7"]])
def test_videos_and_cameras_that_give_nothing_are_one_line_and_opencv_is_silent(args, tmp_path, video, detector):
    (tmp_path / "broken.mp4").write_bytes(video.read_bytes()[:3000])
    done = run_process("predict", *args, "--save", tmp_path / "out", cwd=tmp_path)
    error, last = done.stderr.splitlines()
    assert done.returncode == 1 and error.startswith("error: ") and last == "1 of 1 could not be read"
    assert not list((tmp_path / "out").rglob("*.*"))


def test_the_help_says_what_it_must_not_be_used_for(run):
    status, out, _ = run("--help")
    assert status == 0 and "Do not use it to judge people" in out


def peak_memory(*args) -> int:
    """Kilobytes that the command held at most, in a process of its own."""
    code = ("import resource, sys; from lanmsff_plugins.cli.main import main\n"
            "try: main('predict', sys.argv[1:])\n"
            "except SystemExit as end: assert not end.code\n"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)")
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code, *map(str, args)], cwd=ROOT, text=True,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert done.returncode == 0, done.stderr
    return int(done.stderr.splitlines()[-1])


@pytest.mark.slow
@pytest.mark.timeout(840)
def test_a_folder_of_five_hundred_pictures_takes_no_more_memory_than_one_of_fifty(tmp_path, smiling, detector):
    """Of changing sizes, as photographs are; a picture kept of each, or of each size, would be eighty megabytes."""
    rng = np.random.default_rng(0)
    for count in (50, 500):
        (tmp_path / str(count)).mkdir()
        for i in range(count):
            picture = np.full((int(rng.integers(180, 260)), int(rng.integers(200, 280)), 3), 127, np.uint8)
            picture[:170, :190] = smiling
            Image.fromarray(picture).save(tmp_path / str(count) / f"{i:04}.jpg")
    few, many = (peak_memory(tmp_path / str(count), "--json") for count in (50, 500))
    assert many < few + 40_000


@pytest.mark.slow
@pytest.mark.timeout(840)
def test_a_video_of_half_a_minute_takes_no_more_memory_than_one_of_two_seconds(tmp_path, smiling, detector):
    cv2 = pytest.importorskip("cv2")
    for frames in (50, 750):
        writer = cv2.VideoWriter(str(tmp_path / f"{frames}.mp4"), cv2.VideoWriter_fourcc(*"mp4v"), 25, (320, 240))
        for i in range(frames):
            frame = np.full((240, 320, 3), 127, np.uint8)
            frame[40:210, i % 100:i % 100 + 190] = smiling[..., ::-1]
            writer.write(frame)
        writer.release()
    few, many = (peak_memory(tmp_path / f"{frames}.mp4", "--save", tmp_path / f"out{frames}") for frames in (50, 750))
    assert many < few + 40_000  # a frame takes 230 kilobytes: a quarter of them kept would be seen
