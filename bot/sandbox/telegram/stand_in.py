"""The Telegram stand-in as one object: start it, talk to it over HTTP, watch what the bot asks of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

from aiohttp import web

from .bot_side import BotSide
from .faults import Fault, Faults
from .files import MAX_UPLOAD_BYTES
from .log import Entry
from .person_side import PersonSide
from .webhook import WebhookDelivery
from .world import World


def _utc_now() -> datetime:
    return datetime.now(UTC)


class TelegramStandIn:
    """A Bot API server for one bot, with phones for its people, on this machine.

    `now` gives every date and lifetime; `retry_scale` shrinks the pauses between webhook tries (0.01 in tests).
    """

    def __init__(
        self,
        token: str,
        *,
        username: str = "TwoDemoBot",
        now: Callable[[], datetime] = _utc_now,
        retry_scale: float = 1.0,
    ) -> None:
        self.world = World(token, username, now)
        self.faults = Faults()
        self.app = web.Application(client_max_size=MAX_UPLOAD_BYTES + 1024 * 1024)
        bot_side = BotSide(self.world, self.faults)
        bot_side.add_routes(self.app)
        PersonSide(self.world).add_routes(self.app)
        self.app.router.add_post("/sandbox/faults", self._order_fault)
        self.app.router.add_delete("/sandbox/faults", self._clear_faults)
        self.app.router.add_get("/sandbox/log", self._show_log)
        self.app.router.add_post("/sandbox/updates", self._inject)
        self._delivery = WebhookDelivery(self.world, bot_side.execute, retry_scale)
        self._delivering: asyncio.Task[None] | None = None
        self._runner: web.AppRunner | None = None
        self._url = ""

    @property
    def url(self) -> str:
        """The address without a slash at its end; raises RuntimeError before the start."""
        if not self._url:
            raise RuntimeError("the stand-in has not been started")
        return self._url

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen; port 0 takes a free one."""
        self._runner = web.AppRunner(self.app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        self._url = f"http://{host}:{self._runner.addresses[0][1]}"
        self._delivering = asyncio.create_task(self._delivery.run())

    async def close(self) -> None:
        """End every long poll, delivery and connection."""
        self.world.bell.close()
        if self._delivering:
            await self._delivering
        if self._runner:
            await self._runner.cleanup()

    async def __aenter__(self) -> TelegramStandIn:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def on_request(self, callback: Callable[[Entry], None]) -> None:
        """Have the callback see every request of the bot with its reply, as it is answered."""
        self._listen("request", callback)

    def on_update(self, callback: Callable[[Entry], None]) -> None:
        """Have the callback see every update as it is handed to the bot."""
        self._listen("update", callback)

    def _listen(self, kind: str, callback: Callable[[Entry], None]) -> None:
        def hear(entry: Entry) -> None:
            if entry.kind == kind:
                callback(entry)

        self.world.log.listeners.append(hear)

    async def _order_fault(self, request: web.Request) -> web.Response:
        body = await request.json()
        try:
            self.faults.order(
                Fault(
                    method=str(body.get("method", "*")),
                    kind=str(body.get("kind")),
                    times=int(body.get("times", 1)),
                    retry_after=int(body.get("retry_after", 1)),
                )
            )
        except ValueError as error:
            return web.json_response({"error": str(error)}, status=400)
        return web.json_response({"ordered": True})

    async def _clear_faults(self, request: web.Request) -> web.Response:
        self.faults.clear()
        return web.json_response({"ordered": False})

    async def _show_log(self, request: web.Request) -> web.Response:
        after = int(request.query.get("after") or 0)
        return web.json_response([entry.json() for entry in self.world.log.after(after)])

    async def _inject(self, request: web.Request) -> web.Response:
        return web.json_response({"update_id": self.world.updates.inject(await request.json())})
