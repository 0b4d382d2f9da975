"""What must not matter does not matter, and what must, does."""

import numpy as np
import pytest

from recommender import Model, Ratings, train
from recommender.evaluate import folds
from tests.recommender.worlds import World, of, relabelled, world


@pytest.fixture(scope="module")
def small() -> World:
    return world(people=60, titles=70, each=15)


@pytest.fixture(scope="module")
def model(small: World) -> Model:
    return train(small.ratings, small.titles)


def test_order_of_rows_changes_nothing(small: World, model: Model) -> None:
    order = np.random.default_rng(1).permutation(len(small.ratings))
    rows = small.ratings

    again = train(Ratings(rows.users[order], rows.titles[order], rows.stars[order]), small.titles)

    assert again.dump() == model.dump()


def test_same_seed_gives_the_same_model_and_another_seed_another(small: World, model: Model) -> None:
    assert train(small.ratings, small.titles, seed=0).dump() == model.dump()
    assert train(small.ratings, small.titles, seed=1).dump() != model.dump()


def test_other_names_for_users_and_titles_change_no_score(small: World, model: Model) -> None:
    rng = np.random.default_rng(2)
    ids = [title.id for title in small.titles.rows]
    new = dict(zip(ids, rng.permutation(np.arange(5000, 5000 + len(ids))).tolist(), strict=True))
    rows = small.ratings
    someone = of(rows, 1003)

    other = train(
        Ratings(9999 - rows.users, [new[number] for number in rows.titles.tolist()], rows.stars),
        relabelled(small.titles, new),
    )
    before = model.scores(someone)
    after = other.scores({new[number]: stars for number, stars in someone.items()})

    assert [after[new[number]] for number in ids] == pytest.approx([before[number] for number in ids], abs=1e-3)


def test_nothing_global_is_set(small: World) -> None:
    np.random.seed(5)
    expected = np.random.RandomState(5).random(3)
    errors = np.geterr()

    train(small.ratings, small.titles, seed=3)

    assert np.random.random(3).tolist() == expected.tolist()
    assert np.geterr() == errors


def test_asking_in_another_order_changes_no_prediction(small: World, model: Model) -> None:
    someone = of(small.ratings, 1020)
    ids = [title.id for title in small.titles.rows]

    forwards, backwards = model.predict(someone, ids), model.predict(someone, ids[::-1])

    assert forwards.tolist() == backwards[::-1].tolist()
    shuffled = dict(sorted(someone.items(), key=lambda pair: -pair[0]))
    assert model.predict(shuffled, ids).tolist() == forwards.tolist()


def test_folds_are_the_rows_that_surprise_would_choose() -> None:
    from surprise import Dataset, Reader
    from surprise.model_selection import KFold

    rows = [(str(number), str(number), 3.0, None) for number in range(103)]
    data = Dataset(reader=Reader())
    data.raw_ratings = rows
    data.has_been_split = False

    theirs = [{int(user) for user, _, _ in test} for _, test in KFold(5, random_state=0).split(data)]

    assert [set(test.tolist()) for _, test in folds(103, 5, seed=0)] == theirs
