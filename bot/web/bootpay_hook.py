"""Bootpay's door: a notice is only a reason to look; it is stored and answered, its body is never believed."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Mapping

from aiohttp import web

from bot.web.throttle import Throttle
from core.billing import take_hint
from core.clock import Clock
from core.db import Database, database_away

BODY_BYTES = 64 * 1024
ANSWER_WITHIN_S = 4.0
# Anybody may knock: forged notices must not keep the database busy. What Bootpay cannot say now it says again.
NOTICES_A_MINUTE = 600
_RECEIPT_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")


def add_bootpay_hook(
    app: web.Application,
    *,
    db: Database,
    clock: Clock,
    nudge: Callable[[], None],
    notices_a_minute: int = NOTICES_A_MINUTE,
) -> None:
    """Serve POST /bootpay/webhook."""
    throttle = Throttle(notices_a_minute)

    async def receive(request: web.Request) -> web.Response:
        if not throttle.allows("everybody", clock.now()):
            return web.json_response({"success": False}, status=429, headers={"Retry-After": "60"})
        receipt_id = await _receipt_id(request)
        if receipt_id is None:
            return web.json_response({"success": False}, status=400)
        try:
            # Bootpay waits for 5 s; what it gives up on it sends again.
            async with asyncio.timeout(ANSWER_WITHIN_S):
                await db.transact(take_hint, receipt_id, clock.now())
        except Exception as error:
            if not database_away(error):
                raise
            return web.json_response({"success": False}, status=503, headers={"Retry-After": "5"})
        nudge()
        return web.json_response({"success": True})

    app.router.add_post("/bootpay/webhook", receive)


async def _receipt_id(request: web.Request) -> str | None:
    if (request.content_length or 0) > BODY_BYTES:
        return None
    body = await request.read()
    if len(body) > BODY_BYTES:
        return None
    try:
        if request.content_type == "application/x-www-form-urlencoded":
            said: object = dict(await request.post())
        else:
            said = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return named_receipt(said) if isinstance(said, dict) else None


def named_receipt(said: Mapping[str, object]) -> str | None:
    """Return the receipt that somebody names, if it can be one; whether it is ours only Bootpay knows."""
    receipt_id = said.get("receipt_id")
    return receipt_id if isinstance(receipt_id, str) and _RECEIPT_ID.fullmatch(receipt_id) else None
