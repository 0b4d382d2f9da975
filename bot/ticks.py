"""APScheduler as a ticker: a handful of fixed ticks, each one call into core; nudges make the prompt ones run at once.

Every tick may run on every replica, twice, late, or not for a day: rows decide, not ticks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from core.clock import Clock
from core.db import database_away

log = structlog.get_logger(__name__)
LARGEST_JUMP = timedelta(hours=1)
GRACE_S = 10.0


@dataclass
class Tick:
    """One recurring piece of work; `prompt` ones also run when something was committed."""

    name: str
    every_s: int
    work: Callable[[], Awaitable[object]]
    prompt: bool = False
    last_run: datetime | None = None
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    wanted: bool = False


class ClockJumped(Exception):
    """The clock went back, or far ahead while the process lived: money is not moved on such a clock."""


class Ticks:
    """Runs the ticks until it is closed; stops all of them, loudly, when the clock cannot be trusted.

    `tell` hands the reason to the operators: reminders, seats and money stand still until they restart the process.
    """

    def __init__(
        self, clock: Clock, ticks: Sequence[Tick], tell: Callable[[str], Awaitable[object]] | None = None
    ) -> None:
        self.ticks = ticks
        self._tell = tell
        self.distrusted = False
        self._clock = clock
        self._scheduler = AsyncIOScheduler()
        self._running: set[asyncio.Task[None]] = set()
        self._closed = False

    def start(self) -> None:
        """Begin to tick."""
        for tick in self.ticks:
            self._scheduler.add_job(
                self._due,
                "interval",
                args=[tick],
                seconds=tick.every_s,
                jitter=min(3, tick.every_s // 3) or None,
                coalesce=True,
                max_instances=1,
                misfire_grace_time=None,
                name=tick.name,
            )
        self._scheduler.start()

    async def close(self) -> None:
        """Stop ticking; what is under way may finish, but not for ever."""
        self._closed = True
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        if self._running:
            _, late = await asyncio.wait(set(self._running), timeout=GRACE_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def nudge(self) -> None:
        """Run the prompt ticks as soon as possible, each at most once more."""
        for tick in self.ticks:
            if tick.prompt:
                self._want(tick)

    async def _due(self, tick: Tick) -> None:
        self._want(tick)

    def _want(self, tick: Tick) -> None:
        if tick.wanted or self._closed:
            return
        tick.wanted = True
        task = asyncio.create_task(self._run(tick), name=f"tick-{tick.name}")
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def run_all(self) -> None:
        """Run every tick once, in order."""
        for tick in self.ticks:
            await self._run(tick)

    async def move_clock(self, move: Callable[[], None]) -> None:
        """Move the clock on purpose while no tick runs, so that none of them takes it for a fault."""
        async with AsyncExitStack() as stack:
            for tick in self.ticks:
                await stack.enter_async_context(tick.turn)
                tick.last_run = None
            move()

    async def _run(self, tick: Tick) -> None:
        async with tick.turn:
            tick.wanted = False
            if self.distrusted or self._closed:
                return
            try:
                self._check_clock(tick)
                await self._work(tick)
            except ClockJumped as error:
                self.distrusted = True
                log.critical("clock_jumped", tick=tick.name, reason=str(error))
                await self._alert(str(error))
            except Exception as error:
                if database_away(error):
                    log.warning("tick_database_away", tick=tick.name)
                else:
                    log.exception("tick_failed", tick=tick.name)

    async def _alert(self, reason: str) -> None:
        if self._tell is not None:
            try:
                await self._tell(reason)
            except Exception as error:
                log.warning("clock_jump_not_told", error=type(error).__name__)  # the log has said it already

    async def _work(self, tick: Tick) -> None:
        try:
            await tick.work()
        finally:
            # However long it took: the other ticks watch the clock meanwhile.
            now = self._clock.now()
            tick.last_run = max(tick.last_run or now, now)

    def _check_clock(self, tick: Tick) -> None:
        now = self._clock.now()
        last, tick.last_run = tick.last_run, now
        if last is None:
            return
        if now < last - timedelta(seconds=5):
            raise ClockJumped(f"it went back by {last - now}")
        if now - last > LARGEST_JUMP + timedelta(seconds=2 * tick.every_s):
            raise ClockJumped(f"it went ahead by {now - last}")
