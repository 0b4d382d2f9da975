"""Price versions: each ends where the next begins, none is rewritten, and a day has one price."""

from __future__ import annotations

from copy import deepcopy
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from core.catalogue import CatalogueInvalid, Plan, PlanPrice, price_on, price_since, sync_plans
from core.catalogue.plans import catalogue_data
from core.db import Database
from core.errors import NotFound


def _netflix(*newer: dict[str, Any]) -> dict[str, Any]:
    """Return a catalogue with one plan, 17,000 won since 2021, and newer versions of its price."""
    data = deepcopy(catalogue_data())
    service = next(row for row in data["services"] if row["slug"] == "netflix")
    plan = next(row for row in service["plans"] if row["slug"] == "netflix-premium")
    plan["prices"] += newer
    return data | {"services": [service | {"plans": [plan]}]}


def _version(won: int, valid_from: str, valid_to: str | None = None) -> dict[str, Any]:
    return {"price_won": won, "valid_from": valid_from, "valid_to": valid_to}


async def _plan(db: Database) -> int:
    async with db.read() as session:
        return (await session.scalars(select(Plan.id))).one()


async def test_a_newer_version_closes_the_former_and_each_day_has_its_price(db: Database) -> None:
    await db.transact(sync_plans, _netflix())
    await db.transact(sync_plans, _netflix(_version(19_000, "2027-01-01")))
    plan = await _plan(db)

    async with db.read() as session:
        versions = (await session.scalars(select(PlanPrice).order_by(PlanPrice.valid_from))).all()
        assert [(one.price_won, one.valid_to) for one in versions] == [(17_000, date(2027, 1, 1)), (19_000, None)]
        assert await price_on(session, plan, date(2026, 12, 31)) == 17_000
        assert await price_on(session, plan, date(2027, 1, 1)) == 19_000
        assert await price_since(session, plan, 19_000, date(2027, 3, 1)) == date(2027, 1, 1)
        assert await price_since(session, plan, 17_000, date(2027, 3, 1)) is None


async def test_syncing_again_changes_nothing(db: Database) -> None:
    data = _netflix(_version(19_000, "2027-01-01", "2027-06-01"))
    for _ in range(3):
        await db.transact(sync_plans, data)
    plan = await _plan(db)

    async with db.read() as session:
        assert len((await session.scalars(select(PlanPrice))).all()) == 2
        with pytest.raises(NotFound):
            await price_on(session, plan, date(2027, 6, 1))
        with pytest.raises(NotFound):
            await price_on(session, plan, date(2021, 11, 17))


@pytest.mark.parametrize(
    "newer",
    [
        [_version(19_000, "2027-01-01", "2027-03-01"), _version(20_000, "2027-02-01")],
        [_version(19_000, "2027-01-01"), _version(20_000, "2027-01-01")],
        [_version(19_000, "2027-01-01", "2027-01-01")],
        [_version(18_000, "2021-11-18")],
    ],
    ids=["overlap", "twice", "empty", "rewritten"],
)
async def test_versions_that_contradict_each_other_are_refused_and_change_nothing(
    db: Database, newer: list[dict[str, Any]]
) -> None:
    await db.transact(sync_plans, _netflix())

    with pytest.raises(CatalogueInvalid, match="netflix-premium"):
        await db.transact(sync_plans, _netflix(*newer))

    async with db.read() as session:
        (version,) = (await session.scalars(select(PlanPrice))).all()
    assert (version.price_won, version.valid_to) == (17_000, None)


async def test_a_price_that_was_valid_is_not_rewritten_later(db: Database) -> None:
    await db.transact(sync_plans, _netflix(_version(19_000, "2027-01-01")))

    with pytest.raises(CatalogueInvalid, match="2027-01-01"):
        await db.transact(sync_plans, _netflix(_version(18_500, "2027-01-01")))
