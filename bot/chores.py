"""What the ticks do: for each thing that is due, one call into core in a transaction of its own."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
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


@dataclass(frozen=True)
class Step:
    """What a tick looks for, and the use case that deals with each key that is found."""

    due: Callable[[AsyncSession], Awaitable[Sequence[int] | Sequence[tuple[int, ...]]]]
    work: Callable[..., Awaitable[object]]
    about: tuple[object, ...]


async def in_turn(db: Database, now: datetime, steps: Sequence[Step]) -> None:
    """Do what is due of each step, in order, each key in a transaction of its own.

    One that fails holds up nobody else's: operators are told, and what failed is raised together at the end. One
    reading looks from step to step until one has something to do: mostly none has, and then nothing else is opened.
    """
    left, failures = deque(steps), list[Exception]()
    while left:
        async with db.read() as session:
            keys: Sequence[Any] = ()
            while left and not keys:
                step = left.popleft()
                keys = await step.due(session)
        for key in keys:
            try:
                await db.transact(step.work, *(key if isinstance(key, tuple) else (key,)), *step.about)
            except Exception as error:
                if database_away(error):
                    raise
                failures.append(error)
                row = key[0] if isinstance(key, tuple) else key
                await db.transact(_alert_of_failure, step.work.__name__, row, error, now)
    if failures:
        raise ExceptionGroup("not everything that was due could be done", failures)


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
        if not await billing.payments_wait(self._db, self._clock.now()):
            return
        await billing.look_into_hints(self._db, self._bootpay, self._clock, self._limits)
        await billing.ask_about_attempts(self._db, self._bootpay, self._clock, self._limits)
        await billing.send_refunds(self._db, self._bootpay, self._clock)
        await billing.look_after_cards(self._db, self._bootpay, self._clock, self._seal)

    async def seats(self) -> None:
        """Free the seats whose time to pay or to decide is over, and offer free ones to who waits."""
        now = self._clock.now()
        steps = [
            Step(lambda session: flows.due_holds(session, now), flows.expire_holds, (now,)),
            Step(lambda session: flows.due_offers(session, now), flows.expire_offer, (now,)),
            Step(parties.lines_to_serve, flows.serve_line, (now,)),
        ]
        await in_turn(self._db, now, steps)

    async def calendar(self) -> None:
        """Start parties, open cycles, end stays, send reminders, release and plan payouts."""
        now = self._clock.now()
        await in_turn(self._db, now, [*self._stays(now), *self._bills(now), *self._payouts(now)])

    def _stays(self, now: datetime) -> list[Step]:
        """Start parties or call them off, end stays and parties, pay out the credit that ended stays leave."""
        return [
            Step(
                lambda session: flows.recruiting_parties(session, now), flows.start_or_cancel_due, (now, self._limits)
            ),
            Step(lambda session: flows.due_leavings(session, now), flows.close_leavings, (now,)),
            Step(lambda session: flows.due_endings(session, now), flows.finish_party, (now,)),
            Step(billing.ended_stays_with_credit, billing.transfer_credit_left, (now,)),
        ]

    def _bills(self, now: datetime) -> list[Step]:
        """Decide prices, open cycles, tell of charges, remind."""
        today, limits = seoul_date(now), self._limits
        telling = [Step(lambda session: billing.bills_to_announce(session, now), billing.announce_charge, (now,))]
        return [
            # Before cycles open: the price of one is fixed by what members said to it.
            Step(lambda session: flows.price_work(session, now, limits), flows.keep_price, (now, limits)),
            Step(
                lambda session: billing.parties_to_bill(session, today, limits),
                billing.open_due_cycles,
                (today, limits, now),
            ),
            # Who is told that their card pays needs no reminder of it.
            *(telling if self._seal is not None else []),
            Step(lambda session: billing.due_bills(session, now), billing.remind, (now,)),
        ]

    def _payouts(self, now: datetime) -> list[Step]:
        """Release what is served, and plan what is owed to hosts."""
        limits = self._limits
        minimum = limits.payout_minimum_won
        return [
            Step(lambda session: billing.due_releases(session, now), billing.release_due, (limits, now)),
            Step(lambda session: billing.due_payouts(session, minimum), billing.plan_payout, (minimum, now)),
        ]

    async def reconciling(self) -> None:
        """Hold what was paid against Bootpay's receipts, each payment once a day."""
        await billing.reconcile(self._db, self._bootpay, self._clock)

    async def unpaid(self) -> None:
        """Take the steps that follow a sent warning; repeat warnings that nobody may have read."""
        now = self._clock.now()
        steps = [
            Step(lambda session: billing.unheard_warnings(session, now), billing.warn_again, (now,)),
            Step(lambda session: flows.due_suspensions(session, now), flows.suspend_late, (now, self._limits)),
            Step(lambda session: flows.due_to_be_freed(session, now), flows.free_late, (now,)),
        ]
        await in_turn(self._db, now, steps)

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
