"""`two train --engine spark` as a whole: exported, trained, stored, taken up by a bot that knows nothing of Spark."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from bot.exporting import export_ratings
from bot.recommending import Recommending
from bot.training import Spark, train, train_when_due
from core.clock import ManualClock, SystemClock
from core.db import Database
from core.titles import count_all_ratings, load_snapshot, newest_snapshot, rate
from recommender import Model
from tests.bot.recommended import CATALOGUE, ask, demo_settings, fill_with_a_crowd, ids
from tests.core.titles.shelf import somebody
from tests.sparks import MASTER, java_starts_fast, needs_spark

pytestmark = [*needs_spark, pytest.mark.usefixtures("java_starts_fast")]
__all__ = ["java_starts_fast"]


async def newest_model(db: Database) -> tuple[Model, int]:
    """Return the model that was stored last, and of how many ratings it says it is."""
    async with db.read() as session:
        snapshot = await newest_snapshot(session)
        assert snapshot is not None
        return Model.load(await load_snapshot(session, snapshot.id)), snapshot.ratings


def is_by_spark(model: Model) -> bool:
    """MLlib knows no offsets beside the factors; our own least squares always find some."""
    factors = model._trained.stars.factors
    return not factors[:, 0].any() and bool(np.abs(factors[:, 1:]).max() > 0.01)


async def test_the_stored_model_serves_and_a_rating_counts_at_once(db: Database, clock: ManualClock) -> None:
    await fill_with_a_crowd(db, clock)
    person = await somebody(db, clock.now())

    trained = await train(db, clock, Spark(MASTER))

    async with db.read() as session:
        given = await count_all_ratings(session)
    model, ratings = await newest_model(db)
    assert trained is not None
    assert (trained.ratings, trained.titles, ratings) == (given, len(CATALOGUE), given)
    assert is_by_spark(model)
    recommending = Recommending()
    before = await ask(db, recommending, person)
    async with db.write() as session:
        await rate(session, person.id, before[0].title.id, 10, clock.now())
    after = await ask(db, recommending, person)
    assert before[0].title.id not in ids(after)
    assert [round(pick.stars, 4) for pick in after[:9]] != [round(pick.stars, 4) for pick in before[1:]]


async def test_the_bot_trains_by_spark_where_its_settings_say_so_and_a_given_file_is_read(
    sqlite_template: Path, tmp_path: Path, clock: ManualClock
) -> None:
    shutil.copy(sqlite_template, tmp_path / "two.sqlite3")
    db = Database(f"sqlite+aiosqlite:///{tmp_path / 'two.sqlite3'}")
    await fill_with_a_crowd(db, clock)
    settings = demo_settings(f"sqlite+aiosqlite:///{tmp_path / 'two.sqlite3'}")
    (tmp_path / "folder").mkdir()
    given = await export_ratings(db, tmp_path / "ratings.parquet")

    here = {"spark_master": MASTER, "spark_folder": str(tmp_path / "folder")}
    await train_when_due(db, settings.model_copy(update=here))

    model, ratings = await newest_model(db)
    assert is_by_spark(model)
    assert ratings == given
    assert list((tmp_path / "folder").iterdir()) == []
    again = await train(db, SystemClock(), Spark(MASTER, str(tmp_path / "ratings.parquet")))
    assert again is not None
    assert again.ratings == given
    await db.close()
