"""What is kept of a video."""
import csv

import numpy as np
import pytest

from lanmsff_plugins.inference.crops import Box, Square
from lanmsff_plugins.inference.predictor import Face
from lanmsff_plugins.inference.recording import Recording
from lanmsff_plugins.inference.sources import Frame, Video
from lanmsff_plugins.inference.tracks import Tracked

SCORES = {"glad": .75, "sad": .25}
FACE = Face(Box(20, 20, 40, 40), None, None, "glad", .75, SCORES, SCORES, None, 40, (), Square(40, 40, 40, 0.))


@pytest.fixture
def recording(tmp_path):
    pytest.importorskip("cv2")
    pytest.importorskip("matplotlib")
    return Recording(tmp_path / "out" / "talk.mp4", ["glad", "sad"])


def files(recording: Recording) -> list[str]:
    return sorted(path.name for path in recording.place.parent.iterdir())


def test_frames_become_a_video_a_csv_and_a_picture(recording):
    for i in range(8):
        frame = Frame(np.full((120, 160, 3), 20 * i, np.uint8), i, i / 4)
        recording.add(frame, [] if i == 5 else [Tracked(1, FACE, {"glad": .25, "sad": .75})], fps=4)
    recording.close()
    assert files(recording) == ["talk.mp4.boxes.mp4", "talk.mp4.timeline.csv", "talk.mp4.timeline.png"]
    frames = list(Video(recording.place.with_name("talk.mp4.boxes.mp4")).frames())
    assert [frame.time for frame in frames] == pytest.approx([i / 4 for i in range(8)], abs=.01)
    levels = [frame.picture[100:, 140:].mean() for frame in frames]
    assert levels == pytest.approx([20 * i for i in range(8)], abs=6)
    rows = list(csv.DictReader(open(recording.place.with_name("talk.mp4.timeline.csv"))))
    assert [row["frame"] for row in rows] == ["0", "1", "2", "3", "4", "6", "7"]
    assert rows[0]["label"] == "glad" and rows[0]["label_smoothed"] == "sad" and rows[0]["sad_smoothed"] == "0.7500"


def test_a_camera_s_video_lasts_as_long_as_its_frames_took(recording):
    """Each frame is shown from its own time on, whatever was dropped before it; the timeline has it once."""
    for i, seconds in enumerate((.1, .5, 1.5, 2.)):
        frame = Frame(np.full((120, 160, 3), 60 * i, np.uint8), i, seconds)
        recording.add(frame, [Tracked(1, FACE, SCORES)], fps=10, live=True)
    recording.close()
    frames = list(Video(recording.place.with_name("talk.mp4.boxes.mp4")).frames())
    levels = [frame.picture[100:, 140:].mean() for frame in frames]
    assert levels == pytest.approx([0] * 5 + [60] * 10 + [120] * 5 + [180], abs=6)
    rows = list(csv.DictReader(open(recording.place.with_name("talk.mp4.timeline.csv"))))
    assert [row["time"] for row in rows] == ["0.100", "0.500", "1.500", "2.000"]


def test_a_camera_that_is_faster_than_it_says_plays_as_long_as_it_took(recording):
    for i in range(40):
        recording.add(Frame(np.zeros((120, 160, 3), np.uint8), i, i / 20), [], fps=10, live=True)
    recording.close()
    assert 20 <= sum(1 for _ in Video(recording.place.with_name("talk.mp4.boxes.mp4")).frames()) <= 22


def test_nothing_is_left_of_a_video_without_frames(recording):
    recording.close()
    assert files(recording) == []


def test_until_it_is_closed_no_file_has_the_video_s_name(recording):
    recording.add(Frame(np.zeros((120, 160, 3), np.uint8), 0, 0.), [], fps=4)
    assert "talk.mp4.boxes.mp4" not in files(recording)
    recording.close()
    assert "talk.mp4.boxes.mp4" in files(recording) and recording.tracks == set()
