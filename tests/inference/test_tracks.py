"""Faces through time."""
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanmsff_plugins.inference.crops import Box
from lanmsff_plugins.inference.predictor import Face
from lanmsff_plugins.inference.tracks import Tracker


def face(x: float, glad: float = 1., width: float = 100.) -> Face:
    scores = {"glad": glad, "sad": 1 - glad}
    label = max(scores, key=scores.get)
    return Face(Box(x, 0, width, 100), None, None, label, scores[label], scores, scores, None, 100, (), None)


def tracks(tracker: Tracker, seconds: float, *places: float) -> list[int]:
    return [tracked.track for tracked in tracker.update([face(x) for x in places], seconds)]


def test_a_face_that_moves_keeps_its_track_and_another_gets_its_own():
    tracker = Tracker()
    assert tracks(tracker, 0, 0, 300) == [1, 2]
    assert tracks(tracker, .1, 310, 20) == [2, 1]  # the detector's order says nothing
    assert tracks(tracker, .2, 40, 600, 320) == [1, 3, 2]


def test_a_box_is_given_to_the_track_that_it_overlaps_most():
    tracker = Tracker()
    assert tracks(tracker, 0, 0, 60) == [1, 2]
    assert tracks(tracker, .1, 45) == [2]
    assert tracks(tracker, .2, 50, 5) == [2, 1]


@pytest.mark.parametrize(("gap", "track"), [(.9, 1), (1.1, 2)])
def test_a_face_may_be_missing_for_a_second(gap, track):
    tracker = Tracker()
    assert tracks(tracker, 0, 0) == [1]
    assert tracks(tracker, gap / 2) == []
    assert tracks(tracker, gap, 5) == [track]


def test_the_average_forgets_by_the_time_and_not_by_the_frames():
    """After half a second, 1/e of what was is left, however many frames there were."""
    for frames in (1, 5, 50):
        tracker = Tracker()
        tracker.update([face(0, 1.)], 0.)
        for i in range(1, frames + 1):
            tracked, = tracker.update([face(0, 0.)], .5 * i / frames)
        assert tracked.smoothed["glad"] == pytest.approx(math.exp(-1))
        assert tracked.face.label == tracked.label == "sad"


def test_one_wrong_frame_does_not_change_the_label():
    tracker = Tracker()
    labels = [tracker.update([face(0, 0. if i == 10 else .9)], i / 25)[0].label for i in range(20)]
    assert set(labels) == {"glad"}


@given(st.lists(st.lists(st.floats(0, 1000), max_size=5), max_size=8))
def test_no_two_faces_of_a_frame_share_a_track_and_scores_stay_probabilities(frames):
    tracker = Tracker()
    for i, places in enumerate(frames):
        tracked = tracker.update([face(x, .3) for x in places], i / 10)
        assert len({one.track for one in tracked}) == len(places)
        assert all(sum(one.smoothed.values()) == pytest.approx(1) for one in tracked)


def test_what_is_remembered_does_not_grow_with_the_video():
    tracker = Tracker()
    for i in range(300):
        tracks(tracker, 2. * i, 0, 200, 400)
    assert len(tracker._last) == 3
