"""Few ratings are few known ones, not many titles passed over."""

import numpy as np
import pytest
from scipy import sparse

from recommender import Model, Ratings, Titles, ranking, train
from recommender.evaluate import cold_start
from recommender.hints import RANK, fit_hints
from tests.recommender.worlds import World, of, world


@pytest.fixture(scope="module")
def town() -> World:
    return world(people=420, titles=300, each=90, seed=3)


def test_people_with_few_ratings_get_better_lists_than_without_hints_and_than_popularity(town: World) -> None:
    def gains() -> dict[int, float]:
        found = cold_start(lambda ratings: train(ratings, Titles()), town.ratings, [0, 1, 3, 5])
        return {size: gain for size, (_, gain) in found.items()}

    hinted = gains()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranking, "_HALF_HINTED", 1e-6)
        without = gains()

    assert hinted[0] == without[0]
    for size in (1, 3, 5):
        assert hinted[size] > 1.02 * without[size]
        assert hinted[size] > 1.1 * hinted[0]


def test_the_directions_are_those_of_the_whole_matrix() -> None:
    rng = np.random.default_rng(0)
    likes = sparse.csr_array(np.where(rng.random((300, 40)) < 0.2, 1.5, 0).astype(np.float32))

    hints = fit_hints(likes, 8.0, np.random.default_rng(1))

    assert hints.vectors.shape == (40, 40)
    assert hints.vectors.T @ hints.vectors == pytest.approx(np.eye(40), abs=1e-4)
    assert (np.diff(hints.strengths) <= 0).all()
    counts = np.diff(likes.indptr)
    weighed = likes.toarray() * (counts / np.median(counts))[:, None] ** -0.25 / hints.scale
    assert (hints.vectors * hints.strengths) @ hints.vectors.T == pytest.approx(weighed.T @ weighed, abs=1e-4)


def test_pulls_add_up_to_what_is_told() -> None:
    rng = np.random.default_rng(0)
    likes = sparse.csr_array(np.where(rng.random((400, 150)) < 0.1, 1.0, 0).astype(np.float32))
    hints = fit_hints(likes, 15.0, rng)
    rows, liked = np.array([3, 70, 149]), np.array([2.0, 0.1, 1.0], dtype=np.float32)

    assert hints.vectors.shape == (150, RANK)
    pulls = hints.pulls(rows, liked, np.arange(150), 3)
    assert pulls.sum(axis=0) == pytest.approx(hints.told(rows, liked, 3), abs=1e-5)


def test_one_rating_counts_whom_it_is_shared_with_the_more_are_known_the_less_is_repeated() -> None:
    # everybody who likes 0 likes 1 and 2, which are always liked together; 3 is liked by others
    likes = np.array([[1, 1, 1, 0]] * 30 + [[0, 1, 1, 0]] * 30 + [[0, 0, 0, 1]] * 60, dtype=np.float32)
    hints = fit_hints(sparse.csr_array(likes), 2.0, np.random.default_rng(0))

    one = hints.told(np.array([0]), np.ones(1, dtype=np.float32), 1)

    assert min(one[1], one[2]) > 5 * abs(one[3])


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_next_to_no_likes_hint_at_nothing_or_little(rows: int) -> None:
    model = train(Ratings([1, 2][:rows], [1, 1][:rows], [4.5, 2.0][:rows]), Titles())

    assert np.isfinite(list(model.scores({1: 5.0, 2: 3.0}).values())).all()


def test_hints_travel_in_the_snapshot(town: World) -> None:
    model = train(town.ratings, town.titles)
    mine = dict(list(of(town.ratings, 1001).items())[:3])

    assert Model.load(model.dump()).recommend(mine, n=50) == model.recommend(mine, n=50)
