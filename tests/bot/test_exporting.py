"""Ratings in a Parquet file: all of them, nobody's name, never more than a page of them at once."""

from __future__ import annotations

import stat
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

from bot import exporting
from bot.exporting import SparkRefused, export_ratings
from core.clock import ManualClock
from core.db import Database
from core.titles import Given, pages_of_ratings, rate
from tests.core.titles.shelf import SHELF, fill, somebody
from tests.sparks import needs_parquet


async def everybody_rates(db: Database, clock: ManualClock, people: int = 4, each: int = 5) -> list[Given]:
    """Let people rate in turns, so that one's ratings do not lie together; return them by person and title."""
    await fill(db, clock.now())
    rows = [await somebody(db, clock.now(), 100 + number) for number in range(people)]
    given = []
    for place in range(each):
        for number, person in enumerate(rows):
            one = Given(person.id, SHELF[(number + place) % len(SHELF)]["id"], 1 + (place + number) % 10, clock.now())
            async with db.write() as session:
                await rate(session, *one)
            given.append(one)
            clock.move_to(clock.now() + timedelta(hours=5))
    return sorted(given)


async def test_pages_follow_one_another_without_gaps_and_repeats(db: Database, clock: ManualClock) -> None:
    given = await everybody_rates(db, clock)

    for size in (1, 3, 5, 20, 21):
        async with db.read() as session:
            pages = [list(page) async for page in pages_of_ratings(session, size)]
        assert [one for page in pages for one in page] == given
        assert max(map(len, pages)) == min(size, len(given))


async def test_without_ratings_there_is_no_page(db: Database) -> None:
    async with db.read() as session:
        assert [page async for page in pages_of_ratings(session, 10)] == []


@needs_parquet
async def test_the_file_holds_every_rating_and_no_id_of_anybody(
    db: Database, clock: ManualClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pyarrow import parquet

    given = await everybody_rates(db, clock)
    monkeypatch.setattr(exporting, "PAGE", 3)
    to = tmp_path / "ratings.parquet"

    count = await export_ratings(db, to)

    table = parquet.read_table(to).to_pydict()
    people = sorted({one.person_id for one in given})
    assert count == len(given)
    assert list(table) == ["person", "title", "stars", "rated_on"]
    assert table["person"] == [people.index(one.person_id) for one in given]
    assert table["title"] == [one.title_id for one in given]
    assert table["stars"] == [one.halves / 2 for one in given]
    assert set(map(type, table["rated_on"])) == {date}
    assert stat.S_IMODE(to.stat().st_mode) == 0o600


@needs_parquet
async def test_a_file_that_is_there_stays_and_a_half_written_one_does_not(
    db: Database, clock: ManualClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await everybody_rates(db, clock)
    there, broken = tmp_path / "there.parquet", tmp_path / "broken.parquet"
    there.write_text("mine")

    with pytest.raises(FileExistsError):
        await export_ratings(db, there)
    monkeypatch.setattr(exporting, "seoul_date", None)
    with pytest.raises(TypeError):
        await export_ratings(db, broken)

    assert there.read_text() == "mine"
    assert not broken.exists()


@needs_parquet
async def test_no_ratings_are_a_file_without_rows(db: Database, tmp_path: Path) -> None:
    from pyarrow import parquet

    assert await export_ratings(db, tmp_path / "none.parquet") == 0
    assert parquet.read_table(tmp_path / "none.parquet").num_rows == 0


async def test_without_the_extra_a_sentence_says_how_to_install_it(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    with pytest.raises(SparkRefused, match=r"pyarrow is not installed: make setup-spark"):
        await export_ratings(db, tmp_path / "ratings.parquet")
    assert not (tmp_path / "ratings.parquet").exists()
