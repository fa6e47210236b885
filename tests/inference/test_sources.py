"""Photographs, folders, videos and cameras as frames."""
import os

import numpy as np
import pytest
from PIL import Image

from lanmsff_plugins.base.errors import DataError
from lanmsff_plugins.inference.sources import Camera, Photo, Video, find_pictures, open_sources


def write(path, level: int = 0):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (6, 4), level).save(path)
    return path


def test_a_photograph_is_one_frame_in_colour(tmp_path):
    frame, = Photo(write(tmp_path / "a.png", 9)).frames()
    assert frame.picture.shape == (4, 6, 3) and (frame.picture == 9).all() and frame.index is frame.time is None


def test_a_folder_gives_its_pictures_in_order_and_those_below_it(tmp_path):
    names = ["b.JPG", "a.png", "deep/er/c.webp", "folder.jpg/d.png"]
    for name in [*names, ".hidden.png", ".git/e.png"]:
        write(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "talk.mp4").write_text("no picture either")
    assert find_pictures(tmp_path) == sorted(tmp_path / name for name in names)


def test_links_are_followed_once(tmp_path):
    write(tmp_path / "there" / "a.png")
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "link").symlink_to(tmp_path / "there")
    (tmp_path / "there" / "up").symlink_to(tmp_path / "here")  # a circle
    assert [path.name for path in find_pictures(tmp_path / "here")] == ["a.png"]


def test_sources_are_told_apart(tmp_path):
    write(tmp_path / "folder" / "a.png")
    (tmp_path / "talk.MP4").write_bytes(b"")
    photo, video, other = open_sources([tmp_path / "folder", tmp_path / "talk.MP4", write(tmp_path / "b.png")])
    assert isinstance(photo, Photo) and isinstance(video, Video) and isinstance(other, Photo)


def test_what_is_not_there_is_refused_before_anything_is_read(tmp_path):
    with pytest.raises(FileNotFoundError, match="nothing at .*nowhere.jpg; expected a photograph, a folder"):
        open_sources([tmp_path / "nowhere.jpg"])
    with pytest.raises(DataError, match="no pictures in "):
        open_sources([tmp_path])


def test_a_video_gives_its_frames_with_their_times(video, smiling):
    source = Video(video)
    frames = list(source.frames())
    assert [frame.index for frame in frames] == list(range(20)) and source.read == source.total == 20
    assert [frame.time for frame in frames] == pytest.approx([i / 10 for i in range(20)], abs=.01)
    assert source.fps == 10 and source.dropped == 0
    difference = frames[3].picture[40:210, 28:218].astype(int) - smiling
    assert abs(difference).mean() < 8  # RGB, not BGR


def test_a_video_that_ends_too_early_says_how_much_is_missing(video, tmp_path):
    """The index of frames is at the start of an AVI, so that a part of one can be read."""
    import cv2

    path = tmp_path / "cut.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 10, (320, 240))
    for frame in Video(video).frames():
        writer.write(frame.picture)
    writer.release()
    path.write_bytes(path.read_bytes()[:path.stat().st_size // 2])
    source = Video(path)
    read = len(list(source.frames()))
    assert 0 < read < 20 and source.dropped == 20 - read


# That OpenCV and FFmpeg say nothing of their own is tested with the command: they read their settings once a process.
@pytest.mark.parametrize("content", [b"", b"no video", b"\0" * 5000])
def test_what_is_no_video_is_named(content, tmp_path):
    path = tmp_path / "broken.mp4"
    path.write_bytes(content)
    with pytest.raises(DataError, match="broken.mp4 cannot be read as a video"):
        list(Video(path).frames())


def test_half_a_video_without_its_index_is_named(video, tmp_path):
    path = tmp_path / "half.mp4"
    path.write_bytes(video.read_bytes()[:video.stat().st_size // 2])
    with pytest.raises(DataError, match="half.mp4 cannot be read as a video"):
        list(Video(path).frames())


@pytest.mark.skipif(os.path.exists("/dev/video7"), reason="there are many cameras here")
def test_a_camera_that_is_not_there_is_named_and_opencv_says_nothing(capfd):
    pytest.importorskip("cv2")
    with pytest.raises(DataError, match="no camera 7; --camera 0 is the first"):
        list(Camera(7).frames())
    assert capfd.readouterr() == ("", "")


def test_an_array_of_a_video_is_one_s_own_to_change(video):
    first = next(Video(video).frames()).picture
    first[:] = 0
    assert first.flags.c_contiguous and np.asarray(Image.fromarray(first)).max() == 0
