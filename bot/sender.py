"""The outbox's only reader: one sender at a time, order within a chat, Telegram's limits, retries, what is dead."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from math import inf
from typing import Any
from uuid import uuid4

import structlog
from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from telegram import Bot

from bot.calls import Sent, deliver
from bot.screen import Screen
from bot.tasks import heed_cancellation
from bot.texts import DEFAULT_LANGUAGE, SPEECH, Speech
from core import leases
from core.clock import Clock
from core.db import Database, changed, database_away, may_repeat
from core.outbox import Kind, Outgoing, SendState, deliver_result, still_valid
from core.people import Person, mark_unreachable, may_be_told

log = structlog.get_logger(__name__)

MESSAGES_PER_SECOND = 30
HEADS = 100
LEASE_NAME = "sender"
LEASE = timedelta(seconds=15)
RENEW_EVERY_S = 5.0
# Nothing is begun in the lease's last seconds: another sender may already count them as over.
MARGIN_S = 5.0
IDLE_S = 1.0
GRACE_S = 10.0
ANSWER = "answerCallbackQuery"

Worder = Callable[[AsyncSession, datetime, Speech, str, Mapping[str, Any]], Awaitable[Screen]]
# A chat (or a single answer to a tap) whose rows are sent one after the other.
Lane = tuple[str, int | None]


class Sender:
    """Sends what waits, one sender at a time by lease, until it is stopped."""

    def __init__(
        self,
        bot: Bot,
        db: Database,
        clock: Clock,
        word: Worder,
        *,
        in_flight: int = 4,
        alert_chat: int | None = None,
    ) -> None:
        self._bot = bot
        self._db = db
        self._clock = clock
        self._word = word
        self._in_flight = in_flight
        self._alert_chat = alert_chat
        self._holder = f"sender-{uuid4().hex[:12]}"
        self._wake = asyncio.Event()
        self._budget = Budget(MESSAGES_PER_SECOND)
        self._paused_until: datetime | None = None
        self._renewed = -inf
        self._stopping = False
        self._sending: dict[Lane, asyncio.Task[None]] = {}
        # Sent, but the database went away before that was written down: never to be sent again by this process.
        self._unrecorded: dict[int, tuple[Outgoing, Sent]] = {}

    def nudge(self) -> None:
        """Look into the outbox at once."""
        self._wake.set()

    async def run(self) -> None:
        """Send until cancelled; an outage of the database or of Telegram only makes it wait."""
        try:
            while True:
                self._wake.clear()
                try:
                    if await self._has_lease():
                        await self._start_due()
                        await self._rest()
                    else:
                        await asyncio.sleep(IDLE_S)
                except Exception as error:
                    if not database_away(error):
                        log.exception("sender_failed")
                    heed_cancellation()
                    await asyncio.sleep(IDLE_S)
        finally:
            await self._finish()

    async def send_waiting(self) -> bool:
        """Send the head of every chat's queue once; False when nothing was due, or another sender is at work."""
        if not await self._has_lease() or not await self._start_due():
            return False
        while self._sending:
            await asyncio.wait(set(self._sending.values()), timeout=IDLE_S)
            await self._has_lease()
        return True

    async def _start_due(self) -> int:
        """Begin to send what is due as far as hands are free; return how much was begun."""
        while self._unrecorded:  # others may join while one is written down
            row, sent = next(iter(self._unrecorded.values()))
            await self._record(row, sent)
            del self._unrecorded[row.id]
        free = self._in_flight - len(self._sending)
        if free <= 0 or self._paused():
            return 0
        # Taken before the look: what ends during it may still look unsent.
        busy = set(self._sending)
        async with self._db.read() as session:
            heads = await due_heads(session, self._clock.now())
        begun = [(lane, row) for lane, row in heads if lane not in busy][:free]
        for lane, row in begun:
            task = asyncio.create_task(self._send(row), name=f"send-{row.id}")
            self._sending[lane] = task
            task.add_done_callback(partial(self._sent, lane))
        return len(begun)

    def _sent(self, lane: Lane, task: asyncio.Task[None]) -> None:
        del self._sending[lane]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("send_failed", exc_info=error)
        self._wake.set()

    async def _send(self, row: Outgoing) -> None:
        await self._budget.spend()
        if self._stopping or self._paused() or not self._lease_lasts():
            return
        try:
            sent = await self._deliver(row)
        except Exception as error:
            # Nothing was sent: the row is begun again as soon as the database answers.
            log.warning("outbox_row_not_read", row=row.id, error=type(error).__name__)
            return
        if sent.pauses and sent.again_in is not None:
            self._paused_until = self._clock.now() + sent.again_in
        try:
            await self._record(row, sent)
        except Exception as error:
            log.warning("outbox_row_not_recorded", row=row.id, state=str(sent.state), error=type(error).__name__)
            self._unrecorded[row.id] = row, sent

    async def _deliver(self, row: Outgoing) -> Sent:
        try:
            async with self._db.read() as session:
                ready = await self._prepare(session, row)
        except Exception as error:
            if database_away(error) or may_repeat(error):
                raise
            log.exception("outbox_row_not_worded", row=row.id, name=row.name)
            return Sent(SendState.DEAD, error=type(error).__name__)
        if isinstance(ready, Sent):
            return ready
        method, data = ready
        sent = await deliver(self._bot, method, data, row.attempts)
        if sent.state is SendState.DEAD and row.name.startswith("alerts."):
            log.critical("alert", name=row.name, not_delivered=sent.error, **row.data)
        return sent

    async def _prepare(self, session: AsyncSession, row: Outgoing) -> tuple[str, dict[str, Any]] | Sent:
        if not await still_valid(session, row):
            return Sent(SendState.DROPPED)
        if row.kind is Kind.CALL:
            return row.name, dict(row.data)
        if row.person_id is None:
            return await self._prepare_alert(session, row)
        person = await session.get(Person, row.person_id)
        if person is None or person.telegram_id is None:
            return Sent(SendState.DROPPED, error="nobody to tell")
        now = self._clock.now()
        # Asked again at sending: the hours may have been changed, or the row may have waited for other reasons.
        if (later := may_be_told(person, row.name, now)) > now:
            return Sent(SendState.WAITING, again_in=later - now, put_off=True)
        screen = await self._word(session, now, SPEECH[person.language], row.name, row.data)
        return screen.method(person.telegram_id, row.edits_message_id)

    async def _prepare_alert(self, session: AsyncSession, row: Outgoing) -> tuple[str, dict[str, Any]] | Sent:
        """Word what operators must look at for their chat; where there is none, the log says it."""
        if self._alert_chat is None:
            log.critical("alert", name=row.name, **row.data)
            return Sent(SendState.DROPPED, error="no alert chat")
        screen = await self._word(session, self._clock.now(), SPEECH[DEFAULT_LANGUAGE], row.name, row.data)
        return screen.method(self._alert_chat)

    async def _record(self, row: Outgoing, sent: Sent) -> None:
        await self._db.transact(record, row, sent, self._clock.now())

    def _paused(self) -> bool:
        return self._paused_until is not None and self._clock.now() < self._paused_until

    def _lease_lasts(self) -> bool:
        return asyncio.get_running_loop().time() < self._renewed + LEASE.total_seconds() - MARGIN_S

    async def _has_lease(self) -> bool:
        asked = asyncio.get_running_loop().time()
        if asked < self._renewed + RENEW_EVERY_S:
            return True
        held = self._lease_lasts()
        taken = await self._db.transact(leases.take, LEASE_NAME, self._holder, self._clock.now(), LEASE)
        # Counted from before the question: the answer may have taken its time.
        self._renewed = asked if taken else -inf
        if taken and not held:
            async with self._db.read() as session:
                self._paused_until = await session.scalar(
                    select(func.max(Outgoing.not_before)).where(
                        Outgoing.state == SendState.WAITING, Outgoing.error == "429"
                    )
                )
        return taken

    async def _rest(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), IDLE_S)

    async def _finish(self) -> None:
        """Let what is on its way arrive and be written down, then let another sender begin."""
        self._stopping = True
        if self._sending:
            _, late = await asyncio.wait(set(self._sending.values()), timeout=GRACE_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        with contextlib.suppress(Exception):
            await self._db.transact(leases.give_back, LEASE_NAME, self._holder, self._clock.now())
        self._renewed = -inf


async def due_heads(session: AsyncSession, now: datetime) -> Sequence[tuple[Lane, Outgoing]]:
    """Return the first row of every chat that may be sent now, answers to taps first.

    A row that waits for its next try holds back the chat's later rows; one that is planned for later does not.
    """
    chat = func.coalesce(Outgoing.chat_id, Person.telegram_id)
    alive = Outgoing.state == SendState.WAITING, or_(Outgoing.not_before <= now, Outgoing.error.is_not(None))
    whose = Outgoing.person_id == Person.id
    first = select(func.min(Outgoing.id)).outerjoin(Person, whose).where(*alive, Outgoing.name != ANSWER).group_by(chat)
    rows = await session.execute(
        select(Outgoing, chat)
        .outerjoin(Person, whose)
        .where(*alive, Outgoing.not_before <= now, or_(Outgoing.name == ANSWER, Outgoing.id.in_(first)))
        .order_by(Outgoing.name != ANSWER, Outgoing.id)
        .limit(HEADS)
    )
    return [((ANSWER, row.id) if row.name == ANSWER else ("chat", chat_id), row) for row, chat_id in rows]


async def record(session: AsyncSession, row: Outgoing, sent: Sent, now: datetime) -> None:
    """Write down what sending a row led to, and tell whoever asked for it; once, whoever sent it."""
    waiting = Outgoing.id == row.id, Outgoing.state == SendState.WAITING
    if sent.state is SendState.WAITING:
        # Without an error the row is planned for later, and does not hold back what comes after it.
        error = None if sent.put_off else (sent.error or "")[:200]
        later = {"not_before": now + (sent.again_in or timedelta()), "error": error}
        tried = Outgoing.attempts + (0 if sent.pauses or sent.put_off else 1)
        await changed(session, update(Outgoing).where(*waiting).values(attempts=tried, **later))
        return
    if row.leaves_no_trace:
        first = await changed(session, delete(Outgoing).where(*waiting))
    else:
        over = {"state": sent.state, "message_id": sent.message_id, "error": sent.error and sent.error[:200]}
        values = over | {"attempts": Outgoing.attempts + 1, "data": {}, "sent_at": now}
        first = await changed(session, update(Outgoing).where(*waiting).values(**values))
    if not first:
        return
    if sent.unreachable:
        await _note_unreachable(session, row)
    if sent.message_id is not None or sent.state in {SendState.DEAD, SendState.DROPPED}:
        await _tell(session, row, sent.message_id, now)


async def _note_unreachable(session: AsyncSession, row: Outgoing) -> None:
    chat_id = row.chat_id
    if chat_id is None and row.person_id is not None:
        person = await session.get(Person, row.person_id)
        chat_id = person.telegram_id if person else None
    if chat_id is not None:
        await mark_unreachable(session, chat_id)


async def _tell(session: AsyncSession, row: Outgoing, message_id: int | None, now: datetime) -> None:
    try:
        async with session.begin_nested():
            await deliver_result(session, row, message_id, now)
    except Exception as error:
        if database_away(error) or may_repeat(error):
            raise
        # The message is out: whatever its receiver stumbles over, it must not be sent again.
        log.exception("receiver_failed", row=row.id, name=row.name)


class Budget:
    """At most `per_second` sends in any second, by the loop's own clock."""

    def __init__(self, per_second: int) -> None:
        self._sent: deque[float] = deque([-inf] * per_second, maxlen=per_second)

    async def spend(self) -> None:
        """Wait until one more message may be sent."""
        now = asyncio.get_running_loop().time()
        # The place is taken before the wait, so that nobody else takes it meanwhile.
        at = max(now, self._sent[0] + 1.0)
        self._sent.append(at)
        if at > now:
            await asyncio.sleep(at - now)
