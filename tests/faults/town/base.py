"""The ground of a town: its database, clock, till and people, what was seen last, and how time passes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial
from typing import Any, Concatenate, ParamSpec, Self, TypeVar, cast

from sqlalchemy.ext.asyncio import AsyncSession

from bot.chores import Chores
from core import people
from core.billing import Limits, Provider
from core.clock import ManualClock
from core.db import Database
from core.errors import BusinessError
from core.people import Person
from core.sealing import Seal
from tests import builders
from tests.conftest import START
from tests.faults.town.seen import Seen, look
from tests.till import GivesUp, Till, till_open

T = TypeVar("T")
P = ParamSpec("P")
# Ticks that move neither money nor seats; the audit is asked after each step anyway.
ASIDE = ("rooms", "audit", "housekeeping")
WARNINGS = ("late.warning", "late.unreached", "late.someone")


class Overtaken:
    """A provider whose caller is held up once, `at` a call, while somebody else does something.

    A receipt is read before the other one acts, so that the answer is stale; every other call is made after it.
    """

    def __init__(self, bootpay: Provider, at: str, meanwhile: Callable[[], Awaitable[object]]) -> None:
        self._bootpay = bootpay
        self._at = at
        self._meanwhile: Callable[[], Awaitable[object]] | None = meanwhile

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._bootpay, name)
        return call if name != self._at else partial(self._held_up, call, stale=name == "receipt")

    async def _held_up(self, call: Callable[..., Awaitable[Any]], *args: Any, stale: bool, **kwargs: Any) -> Any:
        meanwhile, self._meanwhile = self._meanwhile, None
        answer = await call(*args, **kwargs) if stale else None
        if meanwhile is not None:
            await meanwhile()
        return answer if stale else await call(*args, **kwargs)


class Ground:
    """What every part of a town stands on; `promised` is what was promised back, by party and person."""

    def __init__(self, db: Database, clock: ManualClock, till: Till, closing: AsyncExitStack) -> None:
        self.db = db
        self.clock = clock
        self.till = till
        self.seal = Seal({"town": bytes(32)})
        self.limits = Limits(provider_sandbox=True, operator_fee_bp=500, provider_fee_bp=290)
        self.people: list[Person] = []
        self.promised: Counter[tuple[int, int]] = Counter()
        self.seen = Seen()
        self.bootpay: Provider = GivesUp(till)
        self._chores = Chores(db, clock, self.bootpay, self.limits, seal=self.seal)
        self._closing = closing
        self._deaf: set[int] = set()
        self._lost: Sequence[str] = ()

    @classmethod
    async def found(cls, db: Database) -> Self:
        """Found a town on an empty database."""
        clock = ManualClock(START, running=False)
        closing = AsyncExitStack()
        return cls(db, clock, await closing.enter_async_context(till_open(db, clock)), closing)

    async def close(self) -> None:
        """Let go of the stand-in."""
        await self._closing.aclose()

    async def comes(self) -> None:
        """Somebody new agrees to the terms."""
        self.people.append(await builders.person(self.db, self.clock))

    async def turns_deaf(self, someone: Person) -> None:
        """Somebody blocks the bot: the next message to them is found undeliverable."""
        self._deaf.add(someone.id)

    async def is_heard_again(self, someone: Person) -> None:
        """Somebody writes to the bot again."""
        self._deaf.discard(someone.id)
        assert someone.telegram_id is not None
        await self.db.transact(people.mark_reachable, someone.telegram_id)

    def deaf(self) -> frozenset[int]:
        """Return who does not hear the bot."""
        return frozenset(self._deaf)

    def warnings_get_lost(self) -> None:
        """Nobody will know whether the warnings of the next pass arrive."""
        self._lost = WARNINGS

    @property
    def losing(self) -> Sequence[str]:
        """Return which notices of the next pass get lost."""
        return self._lost

    def trouble(self, kind: str, times: int = 1) -> None:
        """Bootpay will go wrong."""
        self.till.faults.add("*", kind, times)

    def overtaken(self, at: str, meanwhile: Callable[[], Awaitable[object]]) -> Provider:
        """Return Bootpay for somebody who is held up at a call while something else happens."""
        return cast(Provider, Overtaken(self.bootpay, at, meanwhile))

    async def ticks(self) -> None:
        """Every tick that moves money or seats runs once, in the order of a replica's pass; then the sender."""
        for tick in self._chores.ticks():
            if tick.name not in ASIDE:
                await tick.work()
        lost, self._lost = self._lost, ()
        await self.till.sends(dead=sorted(self._deaf), lost=lost)

    async def time_passes(self, by: timedelta) -> None:
        """The clock goes on while nothing runs; then the ticks find what has fallen due."""
        self.clock.move_to(self.clock.now() + by)
        self.till.stand_in.lapse_due()
        await self.ticks()

    async def looks(self) -> None:
        """See everything as it is now."""
        async with self.db.read() as session:
            self.seen = await look(session)

    async def tries(
        self, work: Callable[Concatenate[AsyncSession, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T | None:
        """Do something in a transaction; None when a rule of the business says no."""
        try:
            return await self.db.transact(work, *args, **kwargs)
        except BusinessError:
            return None
