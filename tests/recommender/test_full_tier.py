"""The full tier: better stars, and all that holds for the instant tier."""

from typing import Any

import numpy as np
import pytest

from recommender import HybridSVDKNN, Model, Ratings, Titles, train
from recommender.blend import EXPECTED, expected_of_full
from recommender.evaluate import split_each_user
from tests.recommender.worlds import World, catalogue, of, world


@pytest.fixture(scope="module")
def town() -> World:
    return world(people=80, titles=70, each=20)


@pytest.fixture(scope="module")
def model(town: World) -> Model:
    return train(town.ratings, town.titles, tier="full")


def test_it_predicts_better_than_the_instant_tier() -> None:
    town = world(people=250, titles=200, each=40)
    known, held_out = split_each_user(town.ratings)

    def error(model: Model) -> float:
        predicted = model.predict_rows(known, held_out.users, held_out.titles)
        return float(np.sqrt(np.mean((predicted - held_out.stars) ** 2)))

    assert error(train(known, town.titles, tier="full")) < error(train(known, town.titles))


def test_linked_factors_are_expected_to_count_the_more_the_more_was_rated() -> None:
    shares = [expected_of_full(rows).tolist() for rows in (0, 25, 1000, 100_000)]

    assert shares[0] == [*EXPECTED.tolist(), 0.0]
    assert [share[3] for share in shares] == sorted(share[3] for share in shares)
    assert shares[3] == pytest.approx([0.2, 0.3, 0.1, 0.6], abs=0.01)


def test_one_person_pairs_and_everybody_get_the_same_stars(town: World, model: Model) -> None:
    ids = model.title_ids
    people, every = model.predict_all(town.ratings)

    alone = model.predict(of(town.ratings, people[9]), ids.tolist())
    pairs = model.predict_rows(town.ratings, np.full(len(ids), people[9]), ids)

    assert every[9] == pytest.approx(alone, abs=1e-4)
    assert pairs == pytest.approx(alone, abs=1e-4)


def test_the_same_ratings_in_any_order_and_the_same_seed_give_the_same_model(town: World, model: Model) -> None:
    rows = town.ratings
    order = np.random.default_rng(1).permutation(len(rows))

    again = train(Ratings(rows.users[order], rows.titles[order], rows.stars[order]), town.titles, tier="full")

    assert again.dump() == model.dump()
    assert train(rows, town.titles, seed=1, tier="full").dump() != model.dump()


def test_its_snapshot_says_what_it_says_and_holds_no_row_about_a_person(town: World, model: Model) -> None:
    data = model.dump()
    today = Titles([*town.titles.rows, *catalogue(10, seed=4, first=777).rows])
    mine = of(town.ratings, 1007)

    loaded = Model.load(data)

    assert loaded.recommend(mine, n=60, titles=today) == model.recommend(mine, n=60, titles=today)
    assert loaded.dump() == data
    assert 80 not in {size for array in vars(loaded._trained.stars.linked).values() for size in np.shape(array)}


def test_titles_newer_than_the_model_get_stars_of_their_own(town: World, model: Model) -> None:
    new = catalogue(20, seed=9, first=9001)
    today = Titles([*town.titles.rows, *new.rows])

    stars = model.predict(of(town.ratings, 1004), [title.id for title in new.rows], titles=today)

    assert len(set(stars.round(4).tolist())) == 20


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_next_to_nothing_is_enough_to_train(rows: int) -> None:
    ratings = Ratings([1, 2][:rows], [1, 1][:rows], [4.5, 2.0][:rows])

    model = train(ratings, catalogue(20), tier="full")

    assert np.isfinite([pick.stars for pick in model.recommend({1: 5.0}, n=20)]).all()
    assert train(ratings, Titles(), tier="full").recommend({}, n=0) == []


def test_another_tier_is_refused() -> None:
    no_tier: Any = "golden"
    with pytest.raises(ValueError, match="no tier"):
        train(Ratings([], [], []), Titles(), tier=no_tier)


def test_the_surprise_algorithm_has_it_too(town: World) -> None:
    from surprise import Dataset, Reader

    rows = zip(
        town.ratings.users.tolist(),
        town.ratings.titles.tolist(),
        town.ratings.stars.tolist(),
        [None] * 1600,
        strict=True,
    )
    trainset = Dataset(reader=Reader(rating_scale=(0.5, 5))).construct_trainset(list(rows))

    fitted = HybridSVDKNN(town.titles, tier="full").fit(trainset)

    assert fitted.predict(1003, 5).est == pytest.approx(
        float(train(town.ratings, town.titles, tier="full").predict(of(town.ratings, 1003), [5])[0]), abs=1e-4
    )
