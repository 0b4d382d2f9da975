"""A varied list: nearly as good, less of the same."""

import numpy as np

from recommender import VARIETY, Model, Pick, train
from recommender.evaluate import list_quality, split_each_user
from recommender.variety import spread_out
from tests.recommender.worlds import World, of


def ids(picks: list[Pick]) -> list[int]:
    return [pick.title_id for pick in picks]


def test_a_twin_of_the_first_gives_way_to_something_nearly_as_good() -> None:
    kinship = np.array([[1, 0.9, 0.1], [0.9, 1, 0.1], [0.1, 0.1, 1]], dtype=np.float32)
    worth = np.array([3.0, 2.9, 2.8], dtype=np.float32)

    assert spread_out(worth, kinship, 3, 0.0).tolist() == [0, 1, 2]
    assert spread_out(worth, kinship, 3, 0.5).tolist() == [0, 2, 1]
    assert spread_out(worth - np.array([0, 0, 1], dtype=np.float32), kinship, 3, 0.5).tolist() == [0, 1, 2]


def test_without_strength_nothing_moves(town: World, model: Model) -> None:
    mine = of(town.ratings, 1001)

    assert model.recommend(mine, n=30, variety=0.0) == model.recommend(mine, n=30)


def test_asking_for_variety_changes_no_later_list(town: World) -> None:
    model = train(town.ratings, town.titles)
    before = model.recommend(of(town.ratings, 1003), n=30)

    model.recommend(of(town.ratings, 1003), n=30, variety=1.0)

    assert model.recommend(of(town.ratings, 1003), n=30) == before


def test_a_longer_list_begins_with_the_shorter_one(town: World, model: Model) -> None:
    mine = of(town.ratings, 1002)
    longest = ids(model.recommend(mine, n=90, variety=1.0))

    assert len(set(longest)) == 90
    for n in (1, 5, 10, 40):
        assert ids(model.recommend(mine, n=n, variety=1.0)) == longest[:n]


def test_what_somebody_would_hardly_like_still_comes_last(town: World, model: Model) -> None:
    numbers, counts = np.unique(town.ratings.titles, return_counts=True)
    hated = {int(number): 0.5 for number in numbers[np.argsort(-counts)][:5]}

    likeable = [pick.stars >= 2.5 for pick in model.recommend(hated, n=200, variety=2.0)]

    assert likeable == sorted(likeable, reverse=True)
    assert 0 < sum(likeable) < len(likeable)


def test_lists_are_less_alike_and_hardly_worse(town: World) -> None:
    known, held_out = split_each_user(town.ratings)
    model = train(known, town.titles)

    def measured(strength: float) -> tuple[float, float]:
        quality = list_quality(model, known, held_out, variety=strength)
        assert quality.alike10 is not None
        return quality.ndcg10, quality.alike10

    (plain, plain_alike), (varied, varied_alike), (_, motley_alike) = map(measured, (0.0, VARIETY, 4 * VARIETY))

    assert motley_alike < varied_alike < 0.98 * plain_alike
    assert varied > 0.97 * plain
