"""The fast forms of each member say what the slow textbook forms say."""

import numpy as np
import pytest
from scipy import sparse

from recommender import factors, neighbours, ranking, train
from recommender.cells import like
from recommender.content import fit_prior
from recommender.evaluate import split_each_user
from recommender.layout import lay_out
from tests.recommender.worlds import of, world


@pytest.fixture(scope="module")
def residuals() -> sparse.csr_array:
    stars = lay_out(world(people=40, titles=50, each=15).ratings).stars
    return like(stars, stars.data - stars.data.mean())


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
    monkeypatch.setattr(neighbours, "_PAIRS_AT_ONCE", 500)
    in_blocks = neighbours.fit_neighbours(residuals, kept=1000)
    few = neighbours.fit_neighbours(residuals, kept=3).toarray()

    assert whole.toarray() == pytest.approx(expected**2, abs=1e-6)
    assert in_blocks.toarray() == pytest.approx(whole.toarray(), abs=1e-7)
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
    monkeypatch.setattr(factors, "_CELLS_AT_ONCE", 60)
    in_blocks = factors.solve(residuals, other, (2.0, 0.1))

    assert whole[3] == pytest.approx(expected, abs=1e-4)
    assert in_blocks == pytest.approx(whole, abs=1e-4)


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
