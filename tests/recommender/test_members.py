"""The fast forms of each member say what the slow textbook forms say."""

import numpy as np
import pytest
from scipy import sparse

from recommender import crew, factors, neighbours, ranking, train
from recommender.best import best_first
from recommender.cells import like, parts, turned
from recommender.content import fit_prior
from recommender.evaluate import split_each_user
from recommender.layout import lay_out
from tests.recommender.worlds import of, world


@pytest.fixture(scope="module")
def residuals() -> sparse.csr_array:
    stars = lay_out(world(people=40, titles=50, each=15).ratings).stars
    return like(stars, stars.data - stars.data.mean())


def by_several(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let several threads work, however little there is to do."""
    monkeypatch.setattr(crew, "_WORTH_A_THREAD", 0)
    monkeypatch.setattr(crew, "hands", lambda: 3)


def test_neighbours_are_shrunk_correlations_over_shared_people(
    residuals: sparse.csr_array, monkeypatch: pytest.MonkeyPatch
) -> None:
    dense, seen = residuals.toarray(), residuals.toarray() != 0
    expected = np.zeros((dense.shape[1], dense.shape[1]))
    for one in range(dense.shape[1]):
        for two in range(dense.shape[1]):
            both = seen[:, one] & seen[:, two]
            if one != two and both.sum() > 1:
                dot = dense[both, one] @ dense[both, two]
                size = np.sqrt((dense[both, one] ** 2).sum() * (dense[both, two] ** 2).sum())
                expected[one, two] = max(dot / size, 0) * (both.sum() - 1) / (both.sum() - 1 + 100)

    whole = neighbours.fit_neighbours(residuals, kept=1000)
    by_several(monkeypatch)
    shared_out = neighbours.fit_neighbours(residuals, kept=1000)
    few = neighbours.fit_neighbours(residuals, kept=3).toarray()

    assert whole.toarray() == pytest.approx(expected**2, abs=1e-6)
    assert (shared_out != whole).nnz == 0
    assert (few > 0).sum(axis=1).max() == 3
    assert few.max(axis=1) == pytest.approx(expected.max(axis=1) ** 2, abs=1e-6)


def test_factors_solve_each_ridge_regression_exactly(
    residuals: sparse.csr_array, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = factors.random_start(residuals.shape[1], np.random.default_rng(0), rank=4)
    other[:, 0] = 0.1
    row = residuals[[3]]
    design = np.column_stack([np.ones(row.nnz), other[row.indices, 1:]])
    penalty = np.diag([2.0] + [0.1 * (1 + row.nnz)] * 4)

    expected = np.linalg.solve(design.T @ design + penalty, design.T @ (row.data - 0.1))
    whole = factors.solve(residuals, other, (2.0, 0.1))
    by_several(monkeypatch)
    shared_out = factors.solve(residuals, other, (2.0, 0.1))
    alone = factors.solve_one(row.indices, row.data, other, (2.0, 0.1))

    assert whole[3] == pytest.approx(expected, abs=1e-4)
    assert alone == pytest.approx(expected, abs=1e-4)
    assert shared_out.tolist() == whole.tolist()


def test_cells_turned_round_are_those_of_the_turned_matrix() -> None:
    rng = np.random.default_rng(0)
    matrix = sparse.csr_array((rng.random((7, 9)) < 0.4) * rng.normal(size=(7, 9)).astype(np.float32))

    bounds, places, values = turned(parts(matrix), 9)

    assert sparse.csr_array((values, places, bounds), shape=(9, 7)).toarray().tolist() == matrix.toarray().T.tolist()
    assert [part.tolist() for part in turned(parts(matrix[:0]), 3)] == [[0, 0, 0, 0], [], []]


def test_a_row_longer_than_a_stretch_is_solved_exactly_too() -> None:
    rng = np.random.default_rng(0)
    other = rng.normal(size=(1000, 4)).astype(np.float32)
    row = sparse.csr_array(rng.normal(size=(1, 1000)).astype(np.float32))

    compiled, plain = (
        factors.solve(row, other, (2.0, 0.1))[0],
        factors.solve_one(row.indices, row.data, other, (2.0, 0.1)),
    )

    assert compiled == pytest.approx(plain, abs=1e-4)


def test_the_list_head_is_the_closed_form() -> None:
    stars = lay_out(world(people=40, titles=50, each=15).ratings).stars
    none = sparse.csr_array((stars.shape[1], 0), dtype=np.float32)

    head = ranking.fit_list(stars, none, np.zeros(0))
    liked = like(stars, ranking.like(stars.data)).toarray()[:, head.covered]
    ridge = np.clip(45 * liked.sum(axis=0).mean() ** 0.65, 5, 600)
    inverse = np.linalg.inv(liked.T @ liked + ridge * np.eye(liked.shape[1]))
    expected = -inverse / np.diag(inverse)
    np.fill_diagonal(expected, 0)

    assert head.items == pytest.approx(expected, abs=1e-4)


def test_past_the_stated_size_only_the_most_liked_titles_are_covered(monkeypatch: pytest.MonkeyPatch) -> None:
    town = world(people=40, titles=50, each=15)
    monkeypatch.setattr(ranking, "MOST_TITLES", 20)

    model = train(town.ratings, town.titles)

    lists = model._trained.lists
    assert lists.items.shape == (20, 20)
    assert lists.likes[lists.covered].min() >= np.delete(lists.likes, lists.covered).max()
    assert len(model.recommend(of(town.ratings, 1000), n=50)) == 35


def test_titles_past_the_stated_size_are_told_by_the_covered_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    stars = lay_out(world(people=60, titles=50, each=20).ratings).stars
    none = sparse.csr_array((stars.shape[1], 0), dtype=np.float32)
    monkeypatch.setattr(ranking, "MOST_TITLES", 30)
    monkeypatch.setattr(ranking, "_OUTER_KEPT", 5)

    head = ranking.fit_list(stars, none, np.zeros(0))
    liked = like(stars, ranking.like(stars.data)).toarray()
    inside = liked[:, head.covered]
    ridge = np.clip(45 * inside.sum(axis=0).mean() ** 0.65, 5, 600)
    weights = np.linalg.solve(inside.T @ inside + ridge * np.eye(30), inside.T @ liked)
    rated, given = np.array([0, 3, 8, 40]), np.array([2, 1, 0.1, 2], dtype=np.float32)
    outside = np.setdiff1d(np.arange(stars.shape[1]), head.covered)

    for title in outside.tolist():
        best = np.sort(np.maximum(weights[:, title], 0))[-5:]
        said = head.outer[:, [title]].toarray().ravel()
        assert np.sort(said)[-5:] == pytest.approx(best, abs=1e-4)
        assert (said > 0).sum() <= 5
    every = np.arange(stars.shape[1])
    near = head.near(rated, given)
    assert head.pulls(rated, given, every, near).sum(axis=0) == pytest.approx(near.values, abs=1e-4)
    assert near.values[outside].any()


@pytest.mark.parametrize("size", [0, 1, 7, 9000])
@pytest.mark.parametrize("wanted", [0, 20, 5000])
def test_best_first_is_a_sort(size: int, wanted: int) -> None:
    rng = np.random.default_rng(size)
    scores = rng.integers(0, 50 + size // 2, size).astype(np.float32)
    scores[rng.random(size) < 0.2] = -np.inf
    ids = rng.permutation(size)

    allowed = rng.random(size) < 0.9

    expected = [at for at in np.lexsort((ids, -scores)).tolist() if scores[at] > -np.inf and allowed[at]]

    assert list(best_first(scores, ids, wanted, allowed)) == expected


def test_the_content_prior_is_ridge_regression_around_what_is_expected() -> None:
    rng = np.random.default_rng(0)
    features, effects, trust = rng.normal(size=(60, 4)), rng.normal(size=60), rng.random(60)
    expected_weights = np.array([1.0, 0.0, -1.0, 0.0])

    prior = fit_prior(sparse.csr_array(features.astype(np.float32)), effects, trust, expected_weights, 0.05)

    design = np.column_stack([features.astype(np.float32), np.ones(60)])
    centre = np.append(expected_weights, 0)
    gram = (design.T * trust) @ design + np.diag([20.0] * 4 + [0.01])
    weights = centre + np.linalg.solve(gram, (design.T * trust) @ (effects - design @ centre))
    assert [*prior.weights, prior.intercept] == pytest.approx(weights, abs=1e-4)


def test_each_user_keeps_four_fifths_and_no_row_is_in_both_parts() -> None:
    ratings = world(people=30, titles=50, each=15).ratings

    known, held_out = split_each_user(ratings, share=0.2, seed=1)

    assert np.unique(held_out.users, return_counts=True)[1].tolist() == [3] * 30
    pairs = [set(zip(part.users.tolist(), part.titles.tolist(), strict=True)) for part in (known, held_out)]
    assert not pairs[0] & pairs[1]
    assert len(pairs[0] | pairs[1]) == len(ratings)
