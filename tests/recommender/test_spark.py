"""Factors by MLlib's least squares, on this machine's cores: the same snapshot as any other training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from recommender import Model, Ratings, train
from recommender.evaluate import predictions, rmse, split_each_user
from tests.recommender.worlds import World, of, world
from tests.sparks import MASTER, java_starts_fast, needs_spark, write_parquet

pytestmark = [*needs_spark, pytest.mark.usefixtures("java_starts_fast")]
__all__ = ["java_starts_fast"]


@pytest.fixture(scope="module")
def wide() -> World:
    return world(people=400, titles=150, each=30)


@pytest.fixture(scope="module")
def known_and_asked(wide: World) -> tuple[Ratings, Ratings]:
    return split_each_user(wide.ratings)


@pytest.fixture(scope="module")
def by_spark(wide: World, known_and_asked: tuple[Ratings, Ratings], tmp_path_factory: pytest.TempPathFactory) -> Model:
    from recommender.spark import train_by_spark

    file = write_parquet(tmp_path_factory.mktemp("ratings") / "known.parquet", known_and_asked[0])
    found = train_by_spark(file, wide.titles, master=MASTER)
    assert found.ratings == len(known_and_asked[0])
    return found.model


def test_it_predicts_as_well_as_our_own_training(
    by_spark: Model, wide: World, known_and_asked: tuple[Ratings, Ratings]
) -> None:
    known, asked = known_and_asked
    own = train(known, wide.titles)
    nothing = train(Ratings([], [], []), wide.titles)

    error, ours, untaught = (rmse(predictions(one, known, asked), asked.stars) for one in (by_spark, own, nothing))

    # MLlib fits no offsets beside the factors, which costs most where there are few ratings
    assert error < 1.06 * ours
    assert error < 0.9 * untaught


def test_its_factors_count(by_spark: Model) -> None:
    head = by_spark._trained.stars

    assert np.abs(head.factors[:, 1:]).max() > 0.1
    assert head.weights[0] > 0.2


def test_its_snapshot_is_one_like_any_other(by_spark: Model, wide: World) -> None:
    again = Model.load(by_spark.dump())
    someone = of(wide.ratings, 1003)

    assert again.dump() == by_spark.dump()
    assert [pick.title_id for pick in again.recommend(someone)] == [
        pick.title_id for pick in by_spark.recommend(someone)
    ]
    assert set(again.title_ids.tolist()) == {title.id for title in wide.titles.rows}


def test_of_more_ratings_than_the_sample_holds_only_whole_people_come_to_this_machine(
    wide: World, known_and_asked: tuple[Ratings, Ratings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from recommender import spark

    known, asked = known_and_asked
    monkeypatch.setattr(spark, "SAMPLE", len(known) // 4)
    kept: list[tuple[Ratings, Ratings]] = []
    collect = spark._Cells.sample

    def seen(cells: spark._Cells) -> tuple[Ratings, Ratings]:
        kept.append(collect(cells))
        return kept[-1]

    monkeypatch.setattr(spark._Cells, "sample", seen)

    found = spark.train_by_spark(write_parquet(tmp_path / "known.parquet", known), wide.titles, master=MASTER)

    [(sample, held_out)] = kept
    assert len(known) / 8 < len(sample) < len(known) / 2
    assert 0 < len(held_out) < len(sample) / 10
    counts = dict(zip(*np.unique(known.users, return_counts=True), strict=True))
    assert {user: counts[user] for user in np.unique(sample.users)} == dict(
        zip(*np.unique(sample.users, return_counts=True), strict=True)
    )
    biases_alone = rmse(predictions(train(Ratings([], [], []), wide.titles), known, asked), asked.stars)
    assert rmse(predictions(found.model, known, asked), asked.stars) < 0.93 * biases_alone


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    import pyarrow as pa
    from pyarrow import parquet

    tables = {
        "no column": {"person": [1], "title": [1], "halves": [8]},
        "nothing": {name: pa.array([], pa.int64()) for name in ("person", "title", "stars")},
        "stars": {"person": [1, 2], "title": [1, 1], "stars": [4.0, 8.0]},
        "people": {"person": [1, 2**40], "title": [1, 1], "stars": [4.0, 3.0]},
        "words": {"person": ["somebody"], "title": [1], "stars": [4.0]},
    }
    for name, columns in tables.items():
        parquet.write_table(pa.table(columns), tmp_path / f"{name}.parquet")
    (tmp_path / "no parquet.parquet").write_text("person,title,stars\n1,1,4\n")
    return {path.stem: str(path) for path in tmp_path.iterdir()} | {"away": str(tmp_path / "away.parquet")}


def test_a_file_that_cannot_be_meant_is_refused_with_a_reason(files: dict[str, str], wide: World) -> None:
    from recommender.spark import SparkUnusable, train_by_spark

    reasons = {
        "no column": "has no column stars",
        "nothing": "holds no ratings",
        "stars": "outside 0.5 to 5",
        "people": "has people outside 0",
        "words": "cannot be read",
        "no parquet": "cannot be read",
        "away": "cannot be read",
    }
    for name, reason in reasons.items():
        with pytest.raises(SparkUnusable, match=reason):
            train_by_spark(files[name], wide.titles, master=MASTER)
