"""Picks for several people: fair to the worst-off, deaf to how loud anybody is, bound by every veto."""

import numpy as np
import pytest

from recommender.groups import METHODS, counts_more, pick_together, satisfaction


def tastes(members: int, candidates: int = 200, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(members, candidates))


@pytest.mark.parametrize("method", METHODS)
def test_a_list_has_no_title_twice_and_none_that_anybody_vetoed(method: str) -> None:
    scores = tastes(3)
    scores[1, :150] = -np.inf

    picked = pick_together(scores, 10, method=method)

    assert len(set(picked)) == 10
    assert min(picked) >= 150


@pytest.mark.parametrize("method", METHODS)
def test_of_one_person_it_is_their_own_list(method: str) -> None:
    scores = tastes(1)

    assert pick_together(scores, 10, method=method) == np.argsort(-scores[0])[:10].tolist()


@pytest.mark.parametrize("method", METHODS)
def test_who_scores_on_a_larger_scale_is_not_heard_louder(method: str) -> None:
    scores = tastes(3)
    loud = scores * np.array([[1.0], [1000.0], [0.01]]) + np.array([[0.0], [50.0], [-7.0]])

    assert pick_together(loud, 10, method=method) == pick_together(scores, 10, method=method)


def test_by_turns_one_among_three_friends_of_one_taste_gets_more_than_of_the_average() -> None:
    averaged, fair = [], []
    for seed in range(40):
        friends = tastes(1, seed=seed) + 0.3 * tastes(3, seed=seed + 1000)
        scores = np.vstack([friends, tastes(1, seed=seed + 2000)])
        averaged.append(satisfaction(scores, pick_together(scores, 10, method="average")).min())
        fair.append(satisfaction(scores, pick_together(scores, 10, method="turns")).min())

    assert np.mean(fair) > np.mean(averaged)


@pytest.mark.parametrize("method", ["nash", "turns"])
def test_who_got_least_last_time_gets_more_now(method: str) -> None:
    gained = []
    for seed in range(40):
        scores = tastes(3, seed=seed)
        fair = satisfaction(scores, pick_together(scores, 10, method=method))
        now = satisfaction(scores, pick_together(scores, 10, method=method, had=[0.0, 0.8, 0.8]))
        gained.append(now[0] - fair[0])

    assert np.mean(gained) > 0.02


def test_over_many_evenings_what_people_got_evens_out() -> None:
    scores = np.vstack([tastes(2, seed=1), -tastes(1, seed=1)])  # the third wants the opposite of the first
    had = np.zeros(3)
    for evening in range(12):
        picked = pick_together(scores, 5, had=(had / max(1, evening)).tolist())
        had += satisfaction(scores, picked)

    alone = satisfaction(scores, pick_together(scores, 5)) * 12
    assert had.min() > alone.min()


def test_counting_more_is_bounded_and_nobody_counts_less() -> None:
    assert counts_more([0.0, 5.0, 5.0]).tolist() == [1.0, 0.0, 0.0]
    assert counts_more([0.5, 0.5]).tolist() == [0.0, 0.0]


def test_nobody_and_nothing_give_an_empty_list() -> None:
    assert pick_together(np.zeros((0, 5)), 3) == []
    assert pick_together(np.full((2, 5), -np.inf), 3) == []
    assert satisfaction(tastes(2), []).tolist() == [0.0, 0.0]


def test_fewer_candidates_than_wished_are_all_there_is() -> None:
    assert sorted(pick_together(tastes(2, candidates=3), 10)) == [0, 1, 2]


def test_people_without_any_preference_do_no_harm() -> None:
    scores = np.vstack([tastes(1), np.zeros((1, 200))])

    assert pick_together(scores, 5) == np.argsort(-scores[0])[:5].tolist()
