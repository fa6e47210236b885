"""A drawn face has an expression, a view and a person's look, and they can be learned."""
import numpy as np
import pytest

from lanmsff_plugins.data.synthetic.drawing import EXPRESSIONS, draw_face


def draw(expression: str, person: int, yaw: float = 0., seed: int = 0) -> np.ndarray:
    return draw_face(expression, yaw, person, np.random.default_rng([person, seed]))


@pytest.mark.parametrize("expression", EXPRESSIONS)
@pytest.mark.parametrize("yaw", [-90, 0, 90])
def test_every_expression_is_drawn_in_every_view(expression, yaw):
    face = draw_face(expression, yaw, 0, np.random.default_rng(0), side=32)
    assert face.shape == (32, 32) and face.dtype == np.uint8 and face.std() > 20


def test_a_mouth_follows_the_turn_of_the_head():
    def mouth(yaw):
        rows = np.array([draw("surprise", person, yaw) for person in range(30)])[:, 30:44, 6:42]
        return np.nonzero(rows < 40)[2].mean() + 6 - 24
    assert mouth(-40) < -4 < mouth(0) < 4 < mouth(40)


def test_a_linear_classifier_learns_expressions_that_hold_for_people_it_has_not_seen():
    def pictures(people):
        faces = np.array([draw(name, person) for person in people for name in EXPRESSIONS], float)
        small = faces.reshape(-1, 24, 2, 24, 2).mean((2, 4)).reshape(len(faces), -1)
        return (small - small.mean(1, keepdims=True)) / small.std(1, keepdims=True)

    seen, unseen = pictures(range(60)), pictures(range(60, 90))
    wanted = np.tile(np.eye(8), (60, 1))
    weights = np.linalg.solve(seen.T @ seen + 100 * np.eye(seen.shape[1]), seen.T @ wanted)
    right = (unseen @ weights).argmax(1) == np.tile(np.arange(8), 30)
    assert right.mean() > 0.5  # chance is 0.125


def test_two_pictures_of_one_person_are_more_alike_than_those_of_two_people():
    def mean_of_twenty(person, first):
        return np.mean([draw("neutral", person, seed=seed) for seed in range(first, first + 20)], axis=0)

    some, others = (np.array([mean_of_twenty(person, first) for person in range(12)]) for first in (0, 20))
    distance = ((some[:, None] - others[None]) ** 2).mean((2, 3))
    assert (distance.argmin(1) == np.arange(12)).mean() > 0.6
