"""The product as a process of its own, made to be killed: its providers are the stand-ins of the test."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.app import running
from bot.cli import set_up_logging
from bot.edge import Edge, Outcome
from bot.settings import load_settings
from core.clock import ManualClock
from tests.faults.processes import context


def answer_first() -> None:
    """Break the promise, for the control: take an update before anything is done about it."""
    take = Edge.take
    begun: set[asyncio.Task[Outcome]] = set()

    async def careless(self: Edge, payload: dict[str, Any]) -> Outcome:
        begun.add(asyncio.create_task(take(self, payload)))
        return Outcome.DONE

    pytest.MonkeyPatch().setattr(Edge, "take", careless)


def serve(settings: Mapping[str, Any], ahead: timedelta, log: str, careless: bool) -> None:
    """Run the bot until it is killed, with a clock that is ahead of the machine's; all it says goes to a file."""
    if careless:
        answer_first()
    said = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for stream in (1, 2):
        os.dup2(said, stream)
    loaded = load_settings(**settings)
    set_up_logging(loaded.log_level)

    async def until_killed() -> None:
        async with running(loaded, clock=ManualClock(datetime.now(UTC) + ahead)) as two:
            await two.broken.wait()

    asyncio.run(until_killed())


class Process:
    """The bot in a process that can be killed and started again, on the same address and database."""

    def __init__(self, settings: Mapping[str, Any], log: Path) -> None:
        self.settings = dict(settings)
        self.log = log
        self.ahead = timedelta()
        self.careless = False
        # The modules are imported once: what is killed and started again is the bot, not Python.
        self._context = context()
        self._process: ForkServerProcess | None = None

    def start(self) -> None:
        """Start the bot."""
        self._process = self._context.Process(
            target=serve, args=(self.settings, self.ahead, str(self.log), self.careless)
        )
        self._process.start()

    def kill(self) -> None:
        """End the bot with SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process.close()
            self._process = None

    def time_passes(self, by: timedelta) -> None:
        """Let the next start find a later time than this one."""
        self.ahead += by

    async def is_ready(self) -> bool:
        """Ask the bot whether it may get traffic."""
        address = f"http://{self.settings['host']}:{self.settings['port']}/readyz"
        try:
            async with aiohttp.ClientSession() as session, session.get(address) as response:
                return response.status == 200
        except aiohttp.ClientError:
            return False

    async def until_ready(self) -> None:
        """Wait until the bot answers; raises when it ends instead."""
        while not await self.is_ready():
            if self._process is None or not self._process.is_alive():
                raise RuntimeError(f"the bot ended:\n{self.log.read_text()[-4000:]}")
            await asyncio.sleep(0.02)
