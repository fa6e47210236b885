"""Reading is timed without a cache and with one, and a loader's faces are counted."""
from lanmsff_plugins.data.datasets import FER2013Dataset
from lanmsff_plugins.data.fer2013.reader import read_fer2013
from lanmsff_plugins.measure.reading import faces_per_second, seconds_to_read


def test_a_folder_is_read_twice_and_left_as_it_was(drawn_faces):
    before = sorted(path.name for path in drawn_faces.iterdir())
    cold, warm, faces = seconds_to_read(read_fer2013, drawn_faces)
    assert faces == 400 and cold > 0 and warm > 0
    assert sorted(path.name for path in drawn_faces.iterdir()) == before


def test_a_loader_gives_faces_in_some_number_a_second(drawn_faces):
    assert faces_per_second(FER2013Dataset(drawn_faces), 0, batches=2) > 0
