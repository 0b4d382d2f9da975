"""What the ticks do: for each thing that is due, one call into core in a transaction of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, time, timedelta
from uuid import uuid4

import structlog
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from bot.edge import TelegramUpdate
from bot.texts import SPEECH
from bot.ticks import Tick
from bot.views.pay import order_name
from core import billing, flows, leases, parties, rooms
from core.alerts import alert, purge_alerts
from core.audit import Violation, check, check_changed
from core.clock import Clock
from core.dates import seoul_date, seoul_instant
from core.db import Database, database_away
from core.outbox import Outgoing, SendState
from core.sealing import Seal

log = structlog.get_logger(__name__)
KEEP_UPDATES = timedelta(days=2)
KEEP_SENT = timedelta(days=30)
# When everything is audited, changed or not, in Seoul: the quietest hour.
AUDIT_AT = time(4, 0)
# Does a use case for each key, with what else it takes.
Each = Callable[..., Awaitable[None]]


@asynccontextmanager
async def one_by_one(db: Database, now: datetime) -> AsyncIterator[Each]:
    """Give what does a use case for one key after the other, each in a transaction of its own.

    One that fails holds up nobody else's: operators are told, and what failed is raised together at the end.
    """
    failures: list[Exception] = []

    async def each(work: Callable[..., Awaitable[object]], keys: Iterable[tuple[int, ...]], *about: object) -> None:
        for key in keys:
            try:
                await db.transact(work, *key, *about)
            except Exception as error:
                if database_away(error):
                    raise
                failures.append(error)
                await db.transact(_alert_of_failure, work.__name__, key[0], error, now)

    yield each
    if failures:
        raise ExceptionGroup("not everything that was due could be done", failures)


def _keys(ids: Iterable[int]) -> Iterable[tuple[int]]:
    return [(each,) for each in ids]


class Chores:
    """The recurring work of the product over one database."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        bootpay: billing.Provider,
        limits: billing.Limits,
        *,
        seal: Seal | None = None,
    ) -> None:
        self._db = db
        self._clock = clock
        self._bootpay = bootpay
        self._limits = limits
        self._seal = seal

    def ticks(self) -> list[Tick]:
        """Return the ticks in the order in which one pass runs them."""
        return [
            Tick("payments", 3, self.payments, prompt=True),
            Tick("seats", 20, self.seats),
            Tick("calendar", 60, self.calendar),
            Tick("reconciling", 60, self.reconciling),
            Tick("unpaid", 60, self.unpaid),
            Tick("cards", 60, self.cards),
            Tick("rooms", 5, self.rooms, prompt=True),
            Tick("audit", 600, self.audit),
            Tick("housekeeping", 3600, self.housekeeping),
        ]

    async def payments(self) -> None:
        """Look into hints, ask about silent attempts, send refunds, delete the keys of stopped cards."""
        await billing.look_into_hints(self._db, self._bootpay, self._clock, self._limits)
        await billing.ask_about_attempts(self._db, self._bootpay, self._clock, self._limits)
        await billing.send_refunds(self._db, self._bootpay, self._clock)
        await billing.look_after_cards(self._db, self._bootpay, self._clock, self._seal)

    async def seats(self) -> None:
        """Free the seats whose time to pay or to decide is over, and offer free ones to who waits."""
        now = self._clock.now()
        async with one_by_one(self._db, now) as each:
            async with self._db.read() as session:
                due = await flows.due_holds(session, now)
                offers = await flows.due_offers(session, now)
            await each(flows.expire_holds, due, now)
            await each(flows.expire_offer, offers, now)
            async with self._db.read() as session:
                lines = await parties.lines_to_serve(session)
            await each(flows.serve_line, _keys(lines), now)

    async def calendar(self) -> None:
        """Start parties, open cycles, end stays, send reminders, release and plan payouts."""
        now = self._clock.now()
        async with one_by_one(self._db, now) as each:
            await self._stays(each, now)
            await self._bills(each, now)
            await self._payouts(each, now)

    async def _stays(self, each: Each, now: datetime) -> None:
        """Start parties or call them off, end stays and parties, pay out the credit that ended stays leave."""
        async with self._db.read() as session:
            recruiting = await flows.recruiting_parties(session, now)
            leavings = await flows.due_leavings(session, now)
            endings = await flows.due_endings(session, now)
        await each(flows.start_or_cancel_due, _keys(recruiting), now, self._limits)
        await each(flows.close_leavings, leavings, now)
        await each(flows.finish_party, _keys(endings), now)
        async with self._db.read() as session:
            credited = await billing.ended_stays_with_credit(session)
        await each(billing.transfer_credit_left, _keys(credited), now)

    async def _bills(self, each: Each, now: datetime) -> None:
        """Decide prices, open cycles, tell of charges, remind."""
        async with self._db.read() as session:
            prices = await flows.price_work(session, now, self._limits)
        # Before cycles open: the price of one is fixed by what members said to it.
        await each(flows.keep_price, _keys(prices), now, self._limits)
        async with self._db.read() as session:
            running = await billing.running_parties(session)
        await each(billing.open_due_cycles, _keys(running), seoul_date(now), self._limits, now)
        # Who is told that their card pays needs no reminder of it.
        async with self._db.read() as session:
            told = await billing.bills_to_announce(session, now) if self._seal is not None else []
        await each(billing.announce_charge, _keys(told), now)
        async with self._db.read() as session:
            bills = await billing.due_bills(session, now)
        await each(billing.remind, _keys(bills), now)

    async def _payouts(self, each: Each, now: datetime) -> None:
        """Release what is served, and plan what is owed to hosts."""
        minimum = self._limits.payout_minimum_won
        async with self._db.read() as session:
            served = await billing.due_releases(session, now)
        await each(billing.release_due, _keys(served), self._limits, now)
        async with self._db.read() as session:
            owed = await billing.due_payouts(session, minimum)
        await each(billing.plan_payout, _keys(owed), minimum, now)

    async def reconciling(self) -> None:
        """Hold what was paid against Bootpay's receipts, each payment once a day."""
        await billing.reconcile(self._db, self._bootpay, self._clock)

    async def unpaid(self) -> None:
        """Take the steps that follow a sent warning; repeat warnings that nobody may have read."""
        now = self._clock.now()
        async with one_by_one(self._db, now) as each:
            async with self._db.read() as session:
                unheard = await billing.unheard_warnings(session, now)
                suspensions = await flows.due_suspensions(session, now)
                frees = await flows.due_to_be_freed(session, now)
            await each(billing.warn_again, _keys(unheard), now)
            await each(flows.suspend_late, _keys(suspensions), now, self._limits)
            await each(flows.free_late, _keys(frees), now)

    async def cards(self) -> None:
        """Charge the cards on file whose bills are due; look for charges that left no trace."""
        about = self._db, self._bootpay, self._clock, self._limits
        if self._seal is not None:
            await billing.charge_cards(*about, self._seal, _order_name)
        await billing.look_for_silent_charges(*about)

    async def rooms(self) -> None:
        """Let rooms and boards catch up with their parties."""
        await rooms.reconcile_due(self._db, self._clock)

    async def audit(self) -> None:
        """Ask every invariant of the parties that changed, once a night of everything; a violation is told at once."""
        now = self._clock.now()
        for violation in await self._violations():
            log.critical("audit_violation", name=violation.name, sentence=violation.sentence, rows=violation.rows)
            await self._db.transact(alert_of, violation, now)

    async def _violations(self) -> Sequence[Violation]:
        now, holder = self._clock.now(), uuid4().hex
        changed = await check_changed(self._db)
        if not await self._db.transact(leases.take, "audit", holder, now, _until_audit(now)):
            return changed
        async with self._db.read() as session:
            violations = await check(session)
        if violations:  # asked again at the next tick, until it holds
            await self._db.transact(leases.give_back, "audit", holder, now)
        return violations

    async def tell_of_clock(self, reason: str) -> None:
        """Tell the operators that the ticks of this process have stopped."""
        await self._db.transact(_alert_of_clock, reason, self._clock.now())

    async def housekeeping(self) -> None:
        """Forget what has served its purpose."""
        await self._db.transact(_purge, self._clock.now())


async def alert_of(session: AsyncSession, violation: Violation, now: datetime) -> None:
    """Tell the operators of a broken invariant."""
    rows = ", ".join(map(str, violation.rows))
    await alert(session, now, "audit_violation", violation.name, sentence=violation.sentence, rows=rows)


async def _alert_of_failure(session: AsyncSession, chore: str, row: int, error: Exception, now: datetime) -> None:
    await alert(session, now, "chore_failed", chore, chore=chore, row=row, error=type(error).__name__)


async def _alert_of_clock(session: AsyncSession, reason: str, now: datetime) -> None:
    await alert(session, now, "clock_jumped", reason=reason)


def _order_name(card: billing.BillCard, language: str) -> str:
    return order_name(SPEECH[language], card)


def _until_audit(now: datetime) -> timedelta:
    night = seoul_instant(seoul_date(now), AUDIT_AT)
    return (night if night > now else seoul_instant(seoul_date(now) + timedelta(days=1), AUDIT_AT)) - now


async def _purge(session: AsyncSession, now: datetime) -> None:
    await session.execute(delete(TelegramUpdate).where(TelegramUpdate.done_at < now - KEEP_UPDATES))
    await session.execute(
        delete(Outgoing).where(Outgoing.state != SendState.WAITING, Outgoing.created_at < now - KEEP_SENT)
    )
    await billing.purge_hints(session, now)
    await rooms.purge_messages(session, now)
    await rooms.purge_evenings(session, now)
    await purge_alerts(session, now)
