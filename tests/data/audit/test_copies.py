"""Copies, near copies and constant pictures are those that brute force finds."""
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lanmsff_plugins.data.audit.copies import (
    class_balance,
    constant_rows,
    copies_across,
    exact_groups,
    fold_overlap,
    near_pairs,
)
from lanmsff_plugins.data.fer2013.reader import read_fer2013
from lanmsff_plugins.data.kdef.reader import read_kdef, split_folds


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), max_size=12))
def test_copies_are_those_that_brute_force_finds(rows):
    pixels = np.array([np.full((4, 4), value) for value, _ in rows], np.uint8).reshape(-1, 4, 4)
    usage = np.array([usage for _, usage in rows], np.uint8)
    groups = exact_groups(pixels)
    expected = {tuple(j for j in range(len(rows)) if rows[j][0] == rows[i][0]) for i in range(len(rows))}
    assert {tuple(group) for group in groups} == {group for group in expected if len(group) > 1}
    for of in range(3):
        for in_ in {0, 1, 2} - {of}:
            assert copies_across(groups, usage, of, in_).tolist() == [
                i for i in range(len(rows)) if usage[i] == of
                and any(usage[j] == in_ and rows[j][0] == rows[i][0] for j in range(len(rows)))]


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    return np.corrcoef(a.ravel(), b.ravel())[0, 1]


def test_near_copies_are_found_through_light_noise_and_compression(drawn_faces):
    rng = np.random.default_rng(0)
    faces = read_fer2013(drawn_faces).pixels[:40]
    changed = [(face * .7 + 30).astype(np.uint8) for face in faces[:10]]
    changed += [(face + rng.normal(0, 4, face.shape)).clip(0, 255).astype(np.uint8) for face in faces[10:20]]
    changed += [np.asarray(Image.fromarray(face).resize((40, 40)).resize((48, 48))) for face in faces[20:30]]
    pixels = np.concatenate([faces, changed])
    found = {(pair.first, pair.second) for pair in near_pairs(pixels, .95)}
    assert {(i, 40 + i) for i in range(30)} <= found
    for first, second in found:
        assert correlation(pixels[first], pixels[second]) >= .95


def test_near_pairs_are_those_of_brute_force(drawn_faces):
    pixels = read_fer2013(drawn_faces).pixels[:120]
    flat = pixels.reshape(120, -1)
    expected = np.triu(np.corrcoef(flat), 1)
    small = np.triu(np.corrcoef(pixels.reshape(120, 12, 4, 12, 4).mean((2, 4)).reshape(120, -1)), 1)
    found = near_pairs(pixels, .9)
    assert {(pair.first, pair.second) for pair in found} == {
        (i, j) for i, j in np.argwhere((expected >= .9) & (small >= .9)).tolist()}
    assert [pair.correlation for pair in found] == pytest.approx(
        sorted((expected[pair.first, pair.second] for pair in found), reverse=True), abs=1e-4)


@pytest.mark.parametrize("threshold", [0, -1, 2, float("nan")])
def test_what_is_no_correlation_is_refused(threshold):
    with pytest.raises(ValueError, match=f"a correlation above 0 and up to 1, got {threshold}"):
        near_pairs(np.zeros((2, 48, 48), np.uint8), threshold)


def test_exact_copies_and_constant_pictures_are_no_near_pairs():
    rng = np.random.default_rng(0)
    face = rng.integers(0, 256, (48, 48), np.uint8)
    pixels = np.array([face, face, np.zeros((48, 48), np.uint8), np.full((48, 48), 9, np.uint8)])
    assert near_pairs(pixels, .5) == []
    assert constant_rows(pixels).tolist() == [2, 3]


def test_pictures_of_any_size_are_reduced_by_all_their_pixels():
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 200, (50, 67), np.uint8)
    pixels = np.array([picture, picture + 1, rng.integers(0, 200, (50, 67), np.uint8)])
    assert [(pair.first, pair.second) for pair in near_pairs(pixels)] == [(0, 1)]


def test_the_balance_counts_every_class_of_every_split_and_what_has_none(named_faces):
    faces = replace(named_faces[0], emotion=np.where(named_faces[0].usage == 2, 255, named_faces[0].emotion))
    balance = class_balance(faces)
    assert sum(sum(counts.values()) for counts in balance.values()) == 400
    assert balance["PrivateTest"]["unlabelled"] == 40 and balance["PrivateTest"]["angry"] == 0
    assert balance["Training"]["sad"] == ((faces.usage == 0) & (faces.emotion == 4)).sum()


def test_people_in_two_folds_are_counted(drawn_kdef):
    images = read_kdef(drawn_kdef)
    assert fold_overlap(images, split_folds(images, 5, "person")) == 0
    assert fold_overlap(images, split_folds(images, 5, "image")) == 10
    one_off = split_folds(images, 5, "person")
    one_off[0] = (one_off[0] + 1) % 5
    assert fold_overlap(images, one_off) == 1


def test_a_row_that_copies_two_others_is_listed_once():
    usage = np.array([0, 0, 2, 2])
    assert copies_across([[0, 2], [1, 2], [2, 3]], usage, of=2, in_=0).tolist() == [2]
