"""Delivery of updates to the bot's address: in order within a queue, side by side across queues, again until it works.

Follows tdlib/telegram-bot-api, WebhookActor.cpp.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

import aiohttp

from .calls import Call
from .refusals import Json
from .updates import Waiting
from .world import World

ANSWER_WITHIN = aiohttp.ClientTimeout(total=60)
MAX_RETRY_AFTER = 3600
NEVER_RUN = frozenset({"setwebhook", "deletewebhook", "close", "logout"})


@dataclass(frozen=True)
class Outcome:
    """How one delivery ended: no error means the bot has taken the update."""

    status: int | None = None
    error: str | None = None
    retry_after: int = 0
    body: bytes = b""


class WebhookDelivery:
    """Runs while the stand-in runs; does nothing as long as no webhook is set."""

    def __init__(self, world: World, execute: Callable[[Call], Awaitable[Json]], retry_scale: float) -> None:
        self._world = world
        self._execute = execute
        self._retry_scale = retry_scale
        self._generation = world.webhook.generation
        self._drains: dict[str, asyncio.Task[None]] = {}
        self._slots = asyncio.Semaphore(world.webhook.max_connections)

    async def run(self) -> None:
        """Deliver until the world's bell is closed."""
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(timeout=ANSWER_WITHIN, connector=connector) as session:
            try:
                while not self._world.bell.closed:
                    await self._world.bell.until(self._has_news, MAX_RETRY_AFTER)
                    if self._generation != self._world.webhook.generation:
                        await self._stop()
                        self._generation = self._world.webhook.generation
                        self._slots = asyncio.Semaphore(self._world.webhook.max_connections)
                    for queue in self._idle_queues():
                        self._drains[queue] = asyncio.create_task(self._drain(session, queue))
            finally:
                await self._stop()

    def _has_news(self) -> bool:
        return self._generation != self._world.webhook.generation or bool(self._idle_queues())

    def _idle_queues(self) -> set[str]:
        if not self._world.webhook.url:
            return set()
        return {update.queue for update in self._world.updates.waiting()} - self._drains.keys()

    async def _stop(self) -> None:
        drains = list(self._drains.values())
        for drain in drains:
            drain.cancel()
        await asyncio.gather(*drains, return_exceptions=True)

    async def _drain(self, session: aiohttp.ClientSession, queue: str) -> None:
        try:
            while update := self._next(queue):
                await self._deliver(session, update)
        finally:
            del self._drains[queue]

    def _next(self, queue: str) -> Waiting | None:
        return next((update for update in self._world.updates.waiting() if update.queue == queue), None)

    async def _deliver(self, session: aiohttp.ClientSession, update: Waiting) -> None:
        """Try one update until the bot takes it or its life ends: at once again, then after 2, 4, 8 ... seconds."""
        failures, delay = 0, 1.0
        while True:
            async with self._slots:
                outcome = await self._post(session, update)
            if outcome.error is None:
                self._world.log.write("delivery", update=update.body, via="webhook", status=outcome.status)
                self._world.updates.done(update)
                await self._run_reply(outcome.body)
                return
            if outcome.retry_after:
                wait = float(outcome.retry_after)
            elif failures == 0:
                wait = 0.0
            else:
                # Telegram draws the upper bound between 60 and 120 s; here it follows from the update.
                delay = min(delay * 2, 60.0 + update.update_id % 61)
                wait = delay
            failures += 1
            self._note_error(update, outcome, wait)
            if update.expires_at <= self._world.now() + timedelta(seconds=wait):
                self._world.updates.done(update)
                return
            await asyncio.sleep(wait * self._retry_scale)

    async def _post(self, session: aiohttp.ClientSession, update: Waiting) -> Outcome:
        hook = self._world.webhook
        headers = {"X-Telegram-Bot-Api-Secret-Token": hook.secret_token} if hook.secret_token else {}
        self._world.log.write("update", update=update.body, via="webhook", injected=update.injected or None)
        try:
            async with session.post(hook.url, json=update.body, headers=headers, allow_redirects=False) as response:
                if 200 <= response.status <= 299:
                    return Outcome(status=response.status, body=await response.read())
                retry_after = response.headers.get("Retry-After", "")
                return Outcome(
                    status=response.status,
                    error=f"Wrong response from the webhook: {response.status} {response.reason}",
                    retry_after=min(int(retry_after), MAX_RETRY_AFTER) if retry_after.isdigit() else 0,
                )
        except TimeoutError:
            return Outcome(error="Read timeout expired")
        except aiohttp.ClientError as error:
            refused = isinstance(error, aiohttp.ClientConnectorError)
            return Outcome(error="Connection refused" if refused else "Webhook connection closed")

    def _note_error(self, update: Waiting, outcome: Outcome, wait: float) -> None:
        hook = self._world.webhook
        hook.last_error_date, hook.last_error_message = self._world.timestamp(), outcome.error
        self._world.log.write("delivery", update=update.body, via="webhook", status=outcome.status, retry_in=wait)

    async def _run_reply(self, body: bytes) -> None:
        """Carry out the method a bot may put into its answer, except those Telegram passes over."""
        try:
            answer = json.loads(body) if body else None
        except ValueError:
            return
        if not isinstance(answer, dict) or not isinstance(answer.get("method"), str):
            return
        method = answer.pop("method")
        if method.lower() not in NEVER_RUN and not method.lower().startswith("get"):
            await self._execute(Call(method, answer))
