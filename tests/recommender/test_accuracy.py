"""In a world whose tastes are known, each head beats what it must beat."""

import numpy as np
import pytest

from recommender import Model, Ratings, train
from recommender.evaluate import list_quality, predictions, rmse, split_each_user
from tests.recommender.worlds import World, of, world


@pytest.fixture(scope="module", params=[0, 1])
def parts(request: pytest.FixtureRequest) -> tuple[World, Ratings, Ratings, Model]:
    town = world(people=250, titles=200, each=40, seed=request.param)
    known, held_out = split_each_user(town.ratings, seed=request.param)
    return town, known, held_out, train(known, town.titles)


def ndcg10(listed: list[int], wanted: set[int]) -> float:
    discounts = 1 / np.log2(np.arange(10) + 2)
    return float(sum(discounts[at] for at, number in enumerate(listed) if number in wanted)) / float(
        discounts[: min(10, len(wanted))].sum()
    )


def test_predicted_stars_beat_biases(parts: tuple[World, Ratings, Ratings, Model]) -> None:
    _, known, held_out, model = parts
    biases = model._trained.stars.biases
    position = model._trained.position

    hybrid = rmse(predictions(model, known, held_out), held_out.stars)
    generosity = {
        user: float(np.mean([stars - biases.mean - biases.titles[position[n]] for n, stars in of(known, user).items()]))
        for user in np.unique(known.users).tolist()
    }
    plain = [
        biases.mean + biases.titles[position[number]] + generosity[user]
        for user, number in zip(held_out.users.tolist(), held_out.titles.tolist(), strict=True)
    ]

    assert hybrid < 0.93 * rmse(np.array(plain), held_out.stars)


def test_the_list_beats_most_popular_and_sorting_by_predicted_stars(
    parts: tuple[World, Ratings, Ratings, Model],
) -> None:
    town, known, held_out, model = parts
    every = [title.id for title in town.titles.rows]
    liked, counts = np.unique(known.titles[known.stars >= 4], return_counts=True)
    popular = dict.fromkeys(every, 0) | dict(zip(liked.tolist(), counts.tolist(), strict=True))

    by_popularity, by_stars = [], []
    for user in np.unique(held_out.users).tolist():
        wanted = {number for number, stars in of(held_out, user).items() if stars >= 4}
        if not wanted:
            continue
        mine = of(known, user)
        unseen = [number for number in every if number not in mine]
        predicted = dict(zip(unseen, model.predict(mine, unseen).tolist(), strict=True))
        by_popularity.append(ndcg10(sorted(unseen, key=lambda number: -popular[number])[:10], wanted))
        by_stars.append(ndcg10(sorted(unseen, key=lambda number: -predicted[number])[:10], wanted))
    quality = list_quality(model, known, held_out)

    assert quality.ndcg10 > 1.1 * np.mean(by_popularity)
    assert quality.ndcg10 > 1.1 * np.mean(by_stars)
    assert quality.coverage10 > 0.3


def test_folding_in_is_nearly_as_good_as_training_with_the_person(
    parts: tuple[World, Ratings, Ratings, Model],
) -> None:
    town, known, held_out, model = parts
    without = np.isin(known.users, np.unique(known.users)[:25])
    stranger_rows = held_out.where(np.isin(held_out.users, np.unique(known.users)[:25]))

    not_seen = train(known.where(~without), town.titles)

    folded = rmse(predictions(not_seen, known, stranger_rows), stranger_rows.stars)
    trained_with = rmse(predictions(model, known, stranger_rows), stranger_rows.stars)
    assert folded < 1.05 * trained_with
