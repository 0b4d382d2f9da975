from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from surprise import SVD, AlgoBase, BaselineOnly, Dataset, KNNBaseline, Prediction, Reader, dump
from surprise.model_selection import GridSearchCV, KFold, cross_validate

from recommender import HybridSVDKNN
from tests.recommender.worlds import World, world


@pytest.fixture(scope="module")
def town() -> World:
    return world(people=80, titles=80, each=20)


@pytest.fixture(scope="module")
def data(town: World) -> Dataset:
    rows = town.ratings
    frame = pd.DataFrame({"user": rows.users, "title": rows.titles, "stars": rows.stars})
    return Dataset.load_from_df(frame, Reader(rating_scale=(0.5, 5)))


def test_cross_validate_runs_it_and_finds_it_better_than_biases(town: World, data: Dataset) -> None:
    split = KFold(3, random_state=0)

    mine = cross_validate(HybridSVDKNN(), data, measures=["rmse"], cv=split)["test_rmse"].mean()
    informed = cross_validate(HybridSVDKNN(town.titles), data, measures=["rmse"], cv=split)["test_rmse"].mean()
    biases = cross_validate(BaselineOnly(verbose=False), data, measures=["rmse"], cv=split)["test_rmse"].mean()

    assert informed < mine < biases


def test_grid_search_tries_its_settings(data: Dataset) -> None:
    search = GridSearchCV(HybridSVDKNN, {"n_factors": [4, 8], "k": [10, 40]}, measures=["rmse"], cv=2)

    search.fit(data)

    assert set(search.best_params["rmse"]) == {"n_factors", "k"}
    assert len(search.cv_results["params"]) == 4


@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
def test_surprise_algorithms_join_the_blend_in_its_own_tools(data: Dataset, tmp_path: Path) -> None:
    fitted_before = SVD(random_state=0).fit(data.build_full_trainset())
    neighbours = KNNBaseline(sim_options={"name": "pearson_baseline", "user_based": False}, verbose=False)
    split = KFold(3, random_state=0)

    with_both = HybridSVDKNN(members=[fitted_before, neighbours])
    errors = {
        name: cross_validate(algorithm, data, measures=["rmse"], cv=split)["test_rmse"].mean()
        for name, algorithm in (("alone", HybridSVDKNN()), ("both", with_both), ("svd", SVD(random_state=0)))
    }
    search = GridSearchCV(HybridSVDKNN, {"members": [[], [fitted_before]]}, measures=["rmse"], cv=2)
    search.fit(data)
    fitted = with_both.fit(data.build_full_trainset())
    dump.dump(str(tmp_path / "hybrid"), algo=fitted)
    _, loaded = dump.load(str(tmp_path / "hybrid"))

    assert errors["both"] < errors["svd"]
    assert errors["both"] < errors["alone"] + 0.01
    assert len(search.cv_results["params"]) == 2
    assert loaded.predict(1003, 5).est == fitted.predict(1003, 5).est
    assert not fitted.predict("nobody", "nothing").details["was_impossible"]


def test_a_member_that_knows_the_answers_gets_the_say(data: Dataset) -> None:
    answers = {(user, title): stars for user, title, stars, _ in data.raw_ratings}

    class Oracle(AlgoBase):  # type: ignore[misc]  # scikit-surprise ships no types
        def predict(self, uid: int, iid: int, **_: object) -> Prediction:
            return Prediction(uid, iid, None, answers.get((uid, iid), 3.0), {})

    fitted = HybridSVDKNN(members=[Oracle()]).fit(data.build_full_trainset())

    assert fitted._shares[0] > 0.9


# scikit-surprise 1.1.5 leaves the files of dump and load open
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
def test_dump_and_load_keep_its_estimates(data: Dataset, tmp_path: Path) -> None:
    fitted = HybridSVDKNN().fit(data.build_full_trainset())

    dump.dump(str(tmp_path / "hybrid"), algo=fitted)
    _, loaded = dump.load(str(tmp_path / "hybrid"))

    assert loaded.predict(1003, 5).est == fitted.predict(1003, 5).est


def test_unknown_users_and_titles_get_an_estimate_and_known_titles_in_the_catalogue_their_own(
    town: World, data: Dataset
) -> None:
    rated_once = [row for row in data.raw_ratings if row[1] != 5]
    part = Dataset(reader=data.reader).construct_trainset(rated_once)
    fitted = HybridSVDKNN(town.titles).fit(part)

    pairs = [(1003, 5), (1003, 99999), ("nobody", 7), ("nobody", "nothing")]
    estimates = [fitted.predict(user, title) for user, title in pairs]

    assert all(0.5 <= estimate.est <= 5 for estimate in estimates)
    assert not any(estimate.details["was_impossible"] for estimate in estimates)
    assert estimates[0].est != estimates[1].est


def test_another_scale_is_stretched_and_back(data: Dataset) -> None:
    rows = [(user, title, stars * 20 - 50, None) for user, title, stars, _ in data.raw_ratings]
    other = Dataset(reader=Reader(rating_scale=(-40, 50))).construct_trainset(rows)
    same = HybridSVDKNN().fit(data.build_full_trainset())

    stretched = HybridSVDKNN().fit(other)

    expected = np.array([same.predict(1010, title).est for title in range(1, 30)]) * 20 - 50
    assert [stretched.predict(1010, title).est for title in range(1, 30)] == pytest.approx(expected, abs=0.01)


def test_what_serves_a_person_and_what_scores_pairs_agree(data: Dataset) -> None:
    fitted = HybridSVDKNN().fit(data.build_full_trainset())
    head, stars = fitted._head, fitted._layout.stars
    titles = np.arange(stars.shape[1])

    readers = head.read_all(stars)
    who = np.full(len(titles), 7)
    by_pairs = head.base_of_pairs(readers, who, titles) + head.terms_of_pairs(readers, who, titles) @ head.weights
    mine = stars[[7]]
    alone = head.predict_all(head.read(mine.indices.astype(np.int64), mine.data.astype(np.float64)))

    assert alone == pytest.approx(by_pairs, abs=1e-4)


@pytest.mark.parametrize(
    ("rows", "scale"),
    [
        ([], (1, 5)),
        ([(1, 1, 4.0)], (1, 5)),
        ([(1, title, 3.0) for title in range(5)], (1, 5)),
        ([("하늘", "마더", 4.0), ("바다", "괴물", 2.0)], (1, 5)),
        ([(1, "1", 4.0), ("1", 1, 2.0), (2, "1", 3.0)], (1, 5)),
        ([(1, 1, 7.0), (2, 2, 7.0)], (7, 7)),
    ],
    ids=["empty", "one", "one person", "Korean ids", "mixed ids", "a scale of one value"],
)
def test_the_strangest_rating_sets_are_fitted_and_estimated(rows: list[Any], scale: tuple[int, int]) -> None:
    part = Dataset(reader=Reader(rating_scale=scale)).construct_trainset([(*row, None) for row in rows])

    for members in ((), (SVD(),)) if rows else ((),):  # Surprise's own need a rating
        fitted = HybridSVDKNN(members=members).fit(part)
        for user, title in ((1, 1), ("하늘", "괴물"), ("nobody", "nothing")):
            assert scale[0] <= fitted.predict(user, title).est <= scale[1]
