"""One running product with people in every situation, on which many bad inputs are tried one after another."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import CompoundSelect, func, literal, select, union_all

from bot import journeys
from bot.sandbox.catalogue import load_titles
from bot.sandbox.chats import Phone
from core.catalogue import Plan
from core.db import Base
from core.flows import cancel_party, give_up_seat
from core.people import Person, find_person
from core.titles import import_titles
from tests import builders
from tests.e2e.world import PAIRS, World, world_running

# What every update leaves behind, and what nobody's input could change.
OF_THE_POST = {"telegram_update", "outbox", "dialog", "lease"}
OF_THE_HOUSE = {"title", "service", "plan", "plan_price", "snapshot", "snapshot_chunk"}
# The audit's own mark on a party: a tick sets it whenever it has looked.
OF_THE_AUDIT = {"audited_version"}
Rows = dict[str, list[str]]


@dataclass
class Stage:
    """The world, its people by name, and what forged buttons are filled with.

    민수 hosts a running party (하늘 has paid), a full one (바다 holds its last seat), one that starts in a week and one
    that is cancelled; 지우 sits in none; 이슬 is fifteen.
    """

    world: World
    phones: dict[str, Phone] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Phone:
        return self.phones[name]

    async def person(self, name: str) -> Person:
        """Return the row of somebody on the stage."""
        async with self.world.demo.two.db.read() as session:
            found = await find_person(session, self.phones[name].id)
        assert found is not None
        return found

    async def newcomer(self, name: str) -> Phone:
        """Give somebody new a phone and their consent."""
        self.phones[name] = await self.world.grown_up(name)
        return self.phones[name]

    async def count(self, entity: type[Base], *where: Any) -> int:
        """Return how many rows there are."""
        async with self.world.demo.two.db.read() as session:
            return await session.scalar(select(func.count()).select_from(entity).where(*where)) or 0

    async def rows(self, *ignoring: str) -> Rows:
        """Return every row that an input could change, as text."""
        kept = sorted(set(Base.metadata.tables) - OF_THE_POST - OF_THE_HOUSE - set(ignoring))
        rows: Rows = {name: [] for name in kept}
        async with self.world.demo.two.db.read() as session:
            for name, row in await session.execute(_everything(tuple(kept))):
                rows[name].append(row)
        return {name: sorted(found) for name, found in rows.items()}

    @asynccontextmanager
    async def nothing_changes(self, *ignoring: str) -> AsyncIterator[None]:
        """Compare all rows after the block with those before it."""
        before = await self.rows(*ignoring)
        assert any(before.values()), "there is nothing that could change"
        yield
        after = await self.rows(*ignoring)
        gone = {f"- {name} {row}" for name, rows in before.items() for row in set(rows) - set(after[name])}
        come = {f"+ {name} {row}" for name, rows in after.items() for row in set(rows) - set(before[name])}
        assert not gone | come, "\n".join(sorted(gone | come))


@cache
def _everything(tables: tuple[str, ...]) -> CompoundSelect[Any]:
    """Select each row of the tables as (table, its columns): one statement, as it is asked twice a test."""
    return union_all(
        *(
            select(literal(name), func.json_array(*(each for each in table.columns if each.name not in OF_THE_AUDIT)))
            for name, table in ((name, Base.metadata.tables[name]) for name in tables)
        )
    )


@pytest.fixture(scope="module", params=PAIRS)
def stage_pair(request: pytest.FixtureRequest) -> str:
    """Name the database of a whole module, and the way in which updates reach the bot."""
    return str(request.param)


@pytest.fixture(scope="module")
def stage_url(stage_pair: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the address of a migrated, empty database."""
    if stage_pair.startswith("mariadb"):
        return str(request.getfixturevalue("mariadb_url"))
    path = tmp_path_factory.mktemp("stage") / "two.sqlite3"
    shutil.copy(request.getfixturevalue("sqlite_template"), path)
    return f"sqlite+aiosqlite:///{path}"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(stage_url: str, stage_pair: str) -> AsyncIterator[Stage]:
    """Run the product for all tests of a module and set the stage."""
    async with world_running(stage_url, stage_pair) as world:
        yield await staged(world)


async def staged(world: World) -> Stage:
    """Bring everybody into their situation, by the product's own use cases."""
    stage = Stage(world)
    db, clock = world.demo.two.db, world.demo.clock
    for name in ("민수", "하늘", "바다", "지우"):
        await stage.newcomer(name)
    stage.phones["이슬"] = await teenager(world)
    host, paid, holding = [await stage.person(name) for name in ("민수", "하늘", "바다")]
    running = await builders.party(db, clock, host, plan="tving-premium-extra-3")
    full = await builders.party(db, clock, host, seats=2)
    early = await builders.party(db, clock, host, starts_in=7)
    cancelled = await builders.party(db, clock, host)
    await db.transact(cancel_party, cancelled.id, host.id, clock.now(), builders.LIMITS)
    bills = {
        "paid": await builders.joins(db, clock, running, paid),
        "open": await builders.joins(db, clock, full, holding),
        "void": await builders.joins(db, clock, early, holding),
    }
    await db.transact(give_up_seat, early.id, holding.id, clock.now())
    links = world.demo.two.pay_links
    await journeys.pay(links.url(bills["paid"].id, clock.now()), world.demo.bootpay.url)
    async with db.write() as session:
        await import_titles(session, [asdict(title) for title in load_titles()[:40]], clock.now())
    await world.settled()
    stage.facts |= {
        "running": running.id, "full": full.id, "early": early.id, "cancelled": cancelled.id,
        "running_code": running.code, "full_code": full.code, "early_code": early.code,
        "cancelled_code": cancelled.code, "seat": bills["paid"].membership_id,
        **{f"{name}_link": links.url(bill.id, clock.now()) for name, bill in bills.items()},
        **{f"{name}_bill": bill.id for name, bill in bills.items()},
        **await _catalogue(world),
    }  # fmt: skip
    return stage


async def teenager(world: World, name: str = "이슬") -> Phone:
    """Give somebody of fifteen a phone and their consent."""
    phone = await world.person(name)
    await phone.starts()
    await phone.taps("만 14~18세예요")
    await phone.sees("어떻게 불러 드릴까요")
    return phone


async def _catalogue(world: World) -> dict[str, Any]:
    async with world.demo.two.db.read() as session:
        plans = {plan.slug: plan for plan in await session.scalars(select(Plan))}
    return {
        "plan": plans["netflix-premium"].id,
        "unshareable": plans["tving-basic"].id,
        "closed_service": plans["coupang-play-wow"].service_id,
        "film": 1004,
        "adult_film": 1009,
    }
