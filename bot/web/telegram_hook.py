"""Telegram's door: the secret first, in constant time; 200 only after the commit."""

from __future__ import annotations

import hmac
import json

from aiohttp import web

from bot.edge import Edge, Outcome

HEADER = "X-Telegram-Bot-Api-Secret-Token"
BODY_BYTES = 1024 * 1024


def add_telegram_hook(app: web.Application, edge: Edge, secret: str) -> None:
    """Serve POST /telegram/webhook."""

    async def receive(request: web.Request) -> web.Response:
        given = request.headers.get(HEADER, "")
        if not hmac.compare_digest(given.encode(errors="replace"), secret.encode()):
            return web.Response(status=403)
        if request.content_type != "application/json":
            return web.Response(status=415)
        try:
            payload = json.loads(await request.read())
        except (ValueError, RecursionError):
            return web.Response(status=400)
        if not isinstance(payload, dict) or type(payload.get("update_id")) is not int:
            return web.Response(status=400)
        outcome = await edge.take(payload)
        if outcome is Outcome.AWAY:
            return web.Response(status=503, headers={"Retry-After": "5"})
        return web.Response(status=500 if outcome is Outcome.FAILED else 200)

    app.router.add_post("/telegram/webhook", receive)
