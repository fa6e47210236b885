"""The data sets as MMPretrain sees them."""
import pickle
from dataclasses import replace

import numpy as np
import pytest
from mmengine.registry import DATASETS as ROOT_DATASETS
from mmengine.registry import init_default_scope

from lanmsff_plugins.base.errors import DataError
from lanmsff_plugins.data.fer2013.faces import FER2013_CLASSES
from lanmsff_plugins.data.fer2013.reader import read_fer2013
from lanmsff_plugins.data.kdef.faces import KDEFFaces, save_compact
from lanmsff_plugins.data.synthetic.writers import write_fer2013
from lanmsff_plugins.registry import DATASETS

from ...comparison.pictures import CLASSES, draw_folders
from ..runs import write_predictions

init_default_scope("mmpretrain")


def build(kind, root, **kwargs):
    return DATASETS.build({"type": f"lanmsff_plugins.{kind}", "data_root": str(root), **kwargs})


def test_fer2013_has_the_published_number_of_faces(real_data):
    assert [len(build("FER2013", real_data, split=split)) for split in ("train", "val", "test")] == [28709, 3589, 3589]


@pytest.mark.parametrize(("mode", "counts"), [
    ("majority", [25060, 3199, 3153]), ("probability", [27956, 3505, 3505]),
    ("cross-entropy", [27956, 3505, 3505]), ("multi-target", [27671, 3472, 3472])])
def test_ferplus_has_the_published_number_of_faces_in_each_mode(real_data, mode, counts):
    assert [len(build("FERPlus", real_data, split=split, mode=mode)) for split in ("train", "val", "test")] == counts


def test_a_record_holds_the_face_and_the_label_of_its_row(drawn_faces):
    faces = read_fer2013(drawn_faces)
    info = build("FER2013", drawn_faces, split="val").get_data_info(3)
    assert faces.usage[info["row"]] == 1
    assert info["gt_label"] == faces.emotion[info["row"]]
    np.testing.assert_array_equal(info["img"], faces.pixels[info["row"]])
    assert info["img"].flags.writeable


def test_ferplus_gives_the_distribution_and_its_strongest_class(drawn_faces):
    info = build("FERPlus", drawn_faces, mode="cross-entropy").get_data_info(0)
    assert info["gt_score"].sum() == pytest.approx(1)
    assert info["gt_label"] == info["gt_score"].argmax()


def test_probability_draws_a_class_from_the_votes_each_time(drawn_faces):
    np.random.seed(0)
    dataset = build("FERPlus", drawn_faces, mode="probability", pipeline=[])
    idx = next(i for i in range(len(dataset)) if dataset.get_data_info(i)["gt_score"].max() < 0.9)
    score = dataset.get_data_info(idx)["gt_score"]
    draws = [dataset[idx] for _ in range(400)]
    assert all(draw["gt_score"].sum() == 1 and draw["gt_score"][draw["gt_label"]] == 1 for draw in draws)
    share = np.bincount([draw["gt_label"] for draw in draws], minlength=8) / 400
    np.testing.assert_allclose(share, score, atol=5 * np.sqrt(0.25 / 400))


def test_indices_cut_a_data_set(drawn_faces):
    whole, cut = build("FERPlus", drawn_faces), build("FERPlus", drawn_faces, indices=10)
    assert len(cut) == 10
    assert cut.get_data_info(9)["row"] == whole.get_data_info(9)["row"]


def test_four_versions_of_each_face_stand_one_after_the_other(drawn_faces):
    dataset = build("FERPlus", drawn_faces, indices=10, versions=4)
    infos = [dataset.get_data_info(i) for i in range(len(dataset))]
    assert len(infos) == 40
    assert [info["version"] for info in infos] == [0] * 10 + [1] * 10 + [2] * 10 + [3] * 10
    assert [info["row"] for info in infos[:10]] == [info["row"] for info in infos[30:]]


def test_a_pickled_data_set_is_small_and_gives_the_same(drawn_faces):
    dataset = build("FERPlus", drawn_faces)
    content = pickle.dumps(dataset)
    assert len(content) < len(dataset) * 48 * 48 / 2  # the pixels stay in their file
    np.testing.assert_array_equal(pickle.loads(content).get_data_info(5)["img"], dataset.get_data_info(5)["img"])


@pytest.mark.parametrize("wrapper", [
    {"type": "ClassBalancedDataset", "oversample_thr": 0.2}, {"type": "RepeatDataset", "times": 2}])
def test_wrappers_of_mmengine_take_it(drawn_faces, wrapper):
    dataset = ROOT_DATASETS.build({**wrapper, "dataset": build("FERPlus", drawn_faces)})
    assert "img" in dataset[len(dataset) - 1]


def test_two_data_sets_can_be_put_together(drawn_faces):
    parts = [build("FERPlus", drawn_faces, split=split) for split in ("train", "val")]
    whole = ROOT_DATASETS.build({"type": "ConcatDataset", "datasets": parts})
    assert len(whole) == sum(map(len, parts))
    assert whole[len(whole) - 1]["row"] == parts[1].get_data_info(len(parts[1]) - 1)["row"]


@pytest.mark.parametrize(("wrong", "message"), [
    ({"split": "validation"}, "unknown split 'validation'; expected one of train, val, test"),
    ({"versions": 0}, "versions must be 1 or more"),
    ({"mode": "average"}, "unknown label mode 'average'; expected one of majority")])
def test_wrong_options_are_refused(drawn_faces, wrong, message):
    with pytest.raises(ValueError, match=message):
        build("FERPlus", drawn_faces, **wrong)


def test_an_empty_split_is_refused(tmp_path):
    write_fer2013(tmp_path, faces=40)
    path = tmp_path / "fer2013.csv"
    path.write_text(path.read_text().replace("PrivateTest", "PublicTest"))
    with pytest.raises(DataError, match="no PrivateTest face"):
        build("FER2013", tmp_path, split="test")


def test_kdef_keeps_people_apart_and_knows_them(drawn_kdef):
    splits = {split: build("KDEF", drawn_kdef, split=split, folds=5) for split in ("train", "val", "test")}
    infos = {split: [dataset.get_data_info(i) for i in range(len(dataset))] for split, dataset in splits.items()}
    assert {split: len(found) for split, found in infos.items()} == {"train": 420, "val": 140, "test": 140}
    people = [{info["person"] for info in found} for found in infos.values()]
    assert not people[0] & people[1] and not people[0] & people[2] and not people[1] & people[2]
    assert {info["view"] for info in infos["test"]} == {"FL", "HL", "S", "HR", "FR"}


def test_rows_of_a_list_are_left_out(drawn_faces, tmp_path):
    (tmp_path / "rows.txt").write_text("361\n399\n")
    for kind in ("FER2013", "FERPlus"):
        whole, left = (build(kind, drawn_faces, split="test", exclude=exclude)
                       for exclude in (None, str(tmp_path / "rows.txt")))
        rows, left_rows = ([part.get_data_info(i)["row"] for i in range(len(part))] for part in (whole, left))
        assert left_rows == [row for row in rows if row not in (361, 399)] and len(left) < len(whole)


@pytest.mark.parametrize(("kind", "mode", "classes"), [
    ("FER2013", {}, 7), ("FERPlus", {"mode": "cross-entropy"}, 8), ("FERPlus", {"mode": "majority"}, 8)])
def test_a_teacher_has_half_of_the_target(drawn_faces, tmp_path, kind, mode, classes):
    rows = np.random.default_rng(1).permutation(400)  # in no order, and more than the split has
    plain = build(kind, drawn_faces, **mode)
    taught = write_predictions(tmp_path / "train.npz", rows, classes, selected=plain.selected)
    mixed = build(kind, drawn_faces, **mode, teacher=str(tmp_path / "train.npz"))
    for i in (0, 7, len(plain) - 1):
        before, after = plain.get_data_info(i), mixed.get_data_info(i)
        assert after["gt_label"] == before["gt_label"] and after["row"] == before["row"]
        own = before.get("gt_score", np.eye(classes)[before["gt_label"]])
        says, = taught.scores[taught.rows == before["row"]]
        np.testing.assert_allclose(after["gt_score"], own / 2 + says / 2, atol=1e-6)


def test_several_teachers_count_alike(drawn_faces, tmp_path):
    selected = build("FER2013", drawn_faces).selected
    taught = [write_predictions(tmp_path / f"{name}.npz", np.arange(400), 7, seed, selected)
              for seed, name in enumerate("ab")]
    dataset = build("FER2013", drawn_faces, teacher=[str(tmp_path / "a.npz"), str(tmp_path / "b.npz")])
    info = dataset.get_data_info(5)
    says = [teacher.scores[info["row"]] for teacher in taught]
    expected = np.eye(7)[info["gt_label"]] / 2 + says[0] / 4 + says[1] / 4
    np.testing.assert_allclose(info["gt_score"], expected, atol=1e-6)


def test_a_teacher_that_does_not_know_a_face_or_the_classes_is_refused(drawn_faces, tmp_path):
    write_predictions(tmp_path / "train.npz", np.arange(300), 7)
    with pytest.raises(DataError, match=r"train.npz says nothing of \d+ of \d+ faces, such as row \d+; predict them"):
        build("FER2013", drawn_faces, teacher=str(tmp_path / "train.npz"))
    with pytest.raises(DataError, match="has scores of 7 classes, expected 8"):
        build("FERPlus", drawn_faces, teacher=str(tmp_path / "train.npz"))


def test_training_and_validation_can_be_one_split_with_the_labels_of_ran(drawn_faces):
    train, val, both = (build("FERPlus", drawn_faces, split=split, mode="argmax") for split in (
        "train", "val", "train+val"))
    assert len(both) == len(train) + len(val)


@pytest.mark.parametrize("layout", ["icml_face_data.csv", "parquet", "plain-folders"])
def test_any_layout_of_fer2013_is_taken(tmp_path, layout):
    write_fer2013(tmp_path, faces=40, layout=layout)
    assert [len(build("FER2013", tmp_path, split=split)) for split in ("train", "val", "test")] == [32, 4, 4]


def test_kdef_uses_the_views_asked_for_and_cuts_faces_out(drawn_kdef):
    dataset = build("KDEF", drawn_kdef, folds=5, views=["S", "HL"], boxes="views", pipeline=[{"type": "PackInputs"}])
    infos = [dataset.get_data_info(i) for i in range(len(dataset))]
    assert {info["view"] for info in infos} == {"S", "HL"} and len(infos) == 168
    assert infos[0]["img"].shape == (44, 44) and "img_path" not in infos[0]
    assert dataset[5]["inputs"].shape == (1, 44, 44)


def test_kdef_takes_a_compact_file(drawn_kdef, tmp_path):
    faces = KDEFFaces(drawn_kdef)
    save_compact(tmp_path / "kdef.safetensors", faces.images, np.zeros((len(faces), 8, 8), np.uint8))
    dataset = build("KDEF", tmp_path, split="test", folds=5)
    assert len(dataset) == 140 and dataset.get_data_info(3)["img"].shape == (8, 8)
    assert pickle.loads(pickle.dumps(dataset)).get_data_info(3)["person"] == dataset.get_data_info(3)["person"]


@pytest.mark.parametrize("source", ["boxes", "compact"])
def test_a_pipeline_that_would_load_the_whole_photograph_again_is_refused(drawn_kdef, tmp_path, source):
    load = [{"type": "LoadImageFromFile"}, {"type": "PackInputs"}]
    with pytest.raises(ValueError, match="gives faces cut out; leave LoadImageFromFile out of its pipeline"):
        if source == "boxes":
            build("KDEF", drawn_kdef, folds=5, boxes="views", pipeline=load)
        else:
            faces = KDEFFaces(drawn_kdef)
            save_compact(tmp_path / "kdef.safetensors", faces.images, np.zeros((len(faces), 8, 8), np.uint8))
            build("KDEF", tmp_path, folds=5, pipeline=load)


def test_classes_stand_in_the_official_order(drawn_faces, drawn_kdef):
    assert build("FER2013", drawn_faces).metainfo["classes"] == FER2013_CLASSES
    assert build("FERPlus", drawn_faces).metainfo["classes"][:2] == ("neutral", "happiness")
    assert build("KDEF", drawn_kdef, folds=5).metainfo["classes"][0] == "afraid"


@pytest.mark.parametrize(("change", "message"), [
    (lambda p: {"labels": np.roll(p.labels, 1)}, "is of other faces: [0-9]+ have other labels, such as . in place of"),
    (lambda p: {"names": np.roll(p.names, 1)}, "is of other faces: [0-9]+ have other names, such as fer.* in pla"),
    (lambda p: {"scores": p.scores * 2}, "scores that do not sum to 1"),
    (lambda p: {name: np.r_[array, array[:1]] for name, array in vars(p).items()}, "several predictions for row 0;")])
def test_a_teacher_of_other_faces_or_of_no_probabilities_is_refused(drawn_faces, tmp_path, change, message):
    path = tmp_path / "train.npz"
    selected = build("FERPlus", drawn_faces, mode="cross-entropy").selected
    taught = write_predictions(path, selected.rows, 8, selected=selected)
    taught = replace(taught, names=selected.names)
    taught.save(path)
    build("FERPlus", drawn_faces, mode="cross-entropy", teacher=path)
    replace(taught, **change(taught)).save(path)
    with pytest.raises(DataError, match=f"train.npz .*{message}"):
        build("FERPlus", drawn_faces, mode="cross-entropy", teacher=path)


def test_a_class_is_not_drawn_while_testing(drawn_faces):
    dataset = build("FERPlus", drawn_faces, mode="probability", pipeline=[], test_mode=True)
    idx = next(i for i in range(len(dataset)) if dataset.get_data_info(i)["gt_score"].max() < 0.9)
    assert {dataset[idx]["gt_label"] for _ in range(50)} == {dataset.selected.labels[idx]}


def test_a_data_set_without_a_folder_says_so():
    with pytest.raises(ValueError, match="data_root is not set; set it to the folder of the data set"):
        DATASETS.build({"type": "lanmsff_plugins.FERPlus"})


def test_folders_of_a_user_s_own_are_a_data_set_with_their_own_classes(tmp_path):
    root = draw_folders(tmp_path / "pictures")
    cfg = {"type": "lanmsff_plugins.ImageFolders", "data_root": str(root), "side": 16, "cache": str(tmp_path),
           "pipeline": [{"type": "PackInputs", "meta_keys": ["sample_idx", "name"]}]}
    train, val = (DATASETS.build({**cfg, "split": split}) for split in ("train", "val"))
    assert train.metainfo["classes"] == tuple(sorted(CLASSES)) and (len(train), len(val)) == (24, 6)
    record = val[0]
    assert record["inputs"].shape == (3, 16, 16) and record["data_samples"].name == val.selected.names[0]
    assert [int(val[i]["data_samples"].gt_label) for i in range(6)] == [0, 0, 1, 1, 2, 2]
