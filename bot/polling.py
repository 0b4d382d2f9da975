"""Fetch updates by long polling: for a laptop and the demo, where nobody can call us."""

from __future__ import annotations

import asyncio

import structlog
from telegram import Bot
from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError

from bot.edge import Edge, Outcome
from bot.tasks import heed_cancellation

log = structlog.get_logger(__name__)
# member and reaction updates come only to who asks for them
ALLOWED_UPDATES = ("message", "edited_message", "callback_query", "my_chat_member")
WAIT_S = 25
READ_S = 10  # on top of the wait
PAUSE_S = 1.0


class Polling:
    """Takes updates in order; an offset is confirmed only after the update's commit."""

    def __init__(self, bot: Bot, edge: Edge) -> None:
        self._bot = bot
        self._edge = edge
        self._offset: int | None = None

    async def run(self) -> None:
        """Poll until cancelled; Conflict (a webhook is set, or another poller runs) ends it."""
        while True:
            try:
                updates = await self._bot.get_updates(
                    offset=self._offset, timeout=WAIT_S, allowed_updates=list(ALLOWED_UPDATES), read_timeout=READ_S
                )
            except (Conflict, InvalidToken):
                raise
            except RetryAfter as error:
                wait = error.retry_after
                await asyncio.sleep(wait if isinstance(wait, int) else wait.total_seconds())
                continue
            except TelegramError as error:
                log.warning("polling_interrupted", error=type(error).__name__)
                await asyncio.sleep(PAUSE_S)
                continue
            for update in updates:
                outcome = await self._edge.take(update.to_dict())
                heed_cancellation()
                if outcome in {Outcome.AWAY, Outcome.FAILED}:
                    await asyncio.sleep(PAUSE_S)
                    break
                self._offset = update.update_id + 1
