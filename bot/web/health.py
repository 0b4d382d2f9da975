"""Is the process alive, and may it get traffic?"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

PATIENCE_S = 4.0


def add_health(app: web.Application, ready: Callable[[], Awaitable[bool]]) -> None:
    """Serve GET /healthz (the process answers) and GET /readyz (its database does, too)."""

    async def healthz(request: web.Request) -> web.Response:
        return web.json_response({"ok": True})

    async def readyz(request: web.Request) -> web.Response:
        try:
            ok = await asyncio.wait_for(ready(), PATIENCE_S)
        except Exception:
            ok = False
        return web.json_response({"ok": ok}, status=200 if ok else 503)

    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
