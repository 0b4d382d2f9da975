import json

import pytest
from sqlalchemy import func, select
from typer.testing import CliRunner

from bot.bench.books import write_books
from bot.bench.measuring import Sizes, as_json, as_table
from bot.bench.run import bench, measure
from bot.cli import app
from bot.demo import seed
from bot.settings import SettingsInvalid
from core.billing.tables import LedgerEntry
from core.catalogue import sync_plans
from core.clock import ManualClock
from core.db import Database
from core.outbox import Outgoing, SendState
from core.titles import Rating

TINY = Sizes(taps=5, at_once=2, lists=2, ledger_rows=73, audits=1)


async def test_taps_lists_and_the_audit_are_measured_by_really_doing_them(db: Database, db_url: str) -> None:
    clock = ManualClock()
    await db.transact(sync_plans)
    await seed(db, clock)
    async with db.read() as session:
        before = await session.scalar(select(func.count(Rating.id)))

    rows = await measure(db, clock, TINY)

    async with db.read() as session:
        rated = (await session.scalar(select(func.count(Rating.id))) or 0) - (before or 0)
        waiting = await session.scalar(select(func.count(Outgoing.id)).where(Outgoing.state == SendState.WAITING))
        booked = await session.scalar(select(func.count(LedgerEntry.id)))
    assert [row.what for row in rows] == [
        "tap: /my", "tap: /find", "tap: a rating", "tap: /recommend", "tap: free words",
        "taps, 2 at once", "ten picks", f"audit, {booked} rows",
    ]  # fmt: skip
    assert [row.times for row in rows] == [1, 1, 1, 1, 1, 5, 2, 1]
    assert all(0 < row.median_ms <= row.p99_ms and row.per_second > 0 for row in rows)
    assert rated == 2
    assert waiting and waiting > 20
    assert booked
    assert booked >= TINY.ledger_rows


async def test_made_up_books_of_any_size_hold(db: Database, clock: ManualClock) -> None:
    await db.transact(sync_plans)

    written = await db.transact(write_books, 300, clock.now())

    async with db.read() as session:
        kinds = {event.rsplit("-", 1)[0] for event in await session.scalars(select(LedgerEntry.event))}
        entries = await session.scalar(select(func.count(LedgerEntry.id)))
    assert kinds == {"pay", "refund", "release", "payout", "payout-done"}  # the fixture audits them
    assert 300 <= written < 600
    assert written == entries


async def test_a_database_with_tables_is_not_touched(db: Database, db_url: str) -> None:
    with pytest.raises(SettingsInvalid, match="DATABASE_URL"):
        await bench(TINY, db_url)

    async with db.read() as session:
        assert await session.scalar(select(func.count(Rating.id))) == 0


def test_the_command_prints_json_and_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)

    said = CliRunner().invoke(app, ["bench", "--taps", "1", "--ledger-rows", "1", "--json"])

    assert said.exit_code == 0, said.output
    told = json.loads(said.output)
    assert told["cores"] >= 1
    assert {row["database"] for row in told["measured"]} == {"SQLite"}


def test_an_empty_table_has_a_heading_and_empty_json_is_json() -> None:
    assert [column.header for column in as_table([]).columns][:2] == ["database", "what"]
    assert json.loads(as_json([]))["measured"] == []
