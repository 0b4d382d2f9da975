"""Several processes on one database and one provider, as replicas are; they work at the same time and may be killed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.context import ForkServerProcess
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier
from typing import Any, Concatenate, ParamSpec

from core.adapters.bootpay import Bootpay
from core.clock import ManualClock
from core.db import Database
from tests.faults.processes import context
from tests.till import CLIENT_KEY, SECRET_KEY, Till

P = ParamSpec("P")
TOGETHER_WITHIN_S = 120.0


@dataclass
class Desk:
    """What one worker works with, in its own process."""

    number: int
    db: Database
    bootpay: Bootpay
    clock: ManualClock
    barrier: Barrier

    async def together(self) -> None:
        """Wait until every worker is here."""
        await asyncio.to_thread(self.barrier.wait, TOGETHER_WITHIN_S)


Work = Callable[Concatenate[Desk, P], Awaitable[Any]]


def _work(
    work: Work[...],
    args: tuple[Any, ...],
    number: int,
    addresses: tuple[str, str],
    now: datetime,
    patience_s: float,
    barrier: Barrier,
    result: SimpleQueue[Any],
) -> None:
    async def at_desk() -> Any:
        db = Database(addresses[0])
        bootpay = Bootpay(CLIENT_KEY, SECRET_KEY, base_url=addresses[1], timeout_s=patience_s)
        try:
            return await work(Desk(number, db, bootpay, ManualClock(now, running=False), barrier), *args)
        finally:
            await bootpay.close()
            await db.close()

    result.put(asyncio.run(at_desk()))


class Crew:
    """So many workers over a till's database and its Bootpay; its clock stands at the instant they start."""

    def __init__(self, till: Till, size: int, *, patience_s: float = 15) -> None:
        self.size = size
        self._till = till
        self._patience_s = patience_s
        self._context = context()
        self._barrier = self._context.Barrier(size)
        self._at_work: list[ForkServerProcess] = []
        # One for each: who is killed while handing in must not hold up the others.
        self._results: list[SimpleQueue[Any]] = []

    def start(self, work: Work[P], *args: P.args, **_: P.kwargs) -> None:
        """Let every worker begin."""
        addresses = (self._till.db.url.render_as_string(hide_password=False), self._till.stand_in.api_url)
        shared = (addresses, self._till.clock.now(), self._patience_s, self._barrier)
        self._results = [self._context.SimpleQueue() for _ in range(self.size)]
        for number, result in enumerate(self._results):
            worker = self._context.Process(target=_work, args=(work, args, number, *shared, result))
            worker.start()
            self._at_work.append(worker)

    def kill(self, number: int) -> bool:
        """End one worker with SIGKILL; False when it had ended already."""
        worker = self._at_work[number]
        lived = worker.is_alive()
        worker.kill()
        return lived

    async def end(self, *, killed: bool = False) -> list[Any]:
        """Wait for every worker; return what those that were not killed found."""
        for worker in self._at_work:
            await asyncio.to_thread(worker.join)
        codes = [worker.exitcode for worker in self._at_work]
        self._at_work.clear()
        assert killed or not any(codes), f"workers ended with {codes}"
        return [result.get() for result, code in zip(self._results, codes, strict=True) if code == 0]

    async def work(self, work: Work[P], *args: P.args, **_: P.kwargs) -> list[Any]:
        """Let every worker do the same at the same time; return what they found."""
        self.start(work, *args, **_)
        return await self.end()
