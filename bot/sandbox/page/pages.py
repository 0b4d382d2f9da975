"""The page's own routes, added to the Telegram stand-in's application."""

import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from aiohttp import web

from bot.sandbox.page.clock import ClockControl, ClockDesk

STATIC = Path(__file__).parent / "static"

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


@dataclass(frozen=True)
class PageLink:
    """A link in the page's top bar, worded in both of its languages."""

    url: str
    ko: str
    en: str


def add_page(
    app: web.Application, *, people: Sequence[int], clock: ClockControl, links: Sequence[PageLink] = ()
) -> None:
    """Add the demo page to an application that has not started yet.

    `people` are the Telegram ids of the columns, the host first; it and `links` are read anew for each page, so both
    may be filled after the application has started.
    """
    desk = ClockDesk(clock)
    run = secrets.token_hex(4)

    async def page(request: web.Request) -> web.StreamResponse:
        return web.FileResponse(STATIC / "page.html")

    async def scene(request: web.Request) -> web.Response:
        return web.json_response({"run": run, "people": list(people), "links": [asdict(link) for link in links]})

    app.router.add_get("/", page)
    app.router.add_static("/static/", STATIC)
    app.router.add_get("/demo/scene", scene)
    app.router.add_get("/demo/clock", desk.read)
    app.router.add_post("/demo/clock", desk.move)
    app.on_response_prepare.append(_guard)


async def _guard(request: web.Request, response: web.StreamResponse) -> None:
    if request.path == "/" or request.path.startswith(("/static/", "/demo/")):
        response.headers.update(HEADERS)
