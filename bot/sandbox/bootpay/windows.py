"""What every window of the stand-in does: the shop's script opens it, a buyer presses, the browser goes back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from enum import IntEnum
from pathlib import Path
from string import Template
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from aiohttp import web

from bot.sandbox.bootpay.refusals import Refusal

PAGES = Path(__file__).parent / "pages"
CARDS = ("하늘카드", "바다카드", "숲카드")
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "POST, OPTIONS",
    "Access-Control-Allow-Headers": "Content-Type",
    "Access-Control-Max-Age": "600",
}


class Windows(ABC):
    """Windows of one kind, under `/<path>/<receipt id>`."""

    path: str

    @abstractmethod
    def opened(self, payload: object) -> str:
        """Open a window for this payload and return its receipt, or refuse it as Bootpay's script would."""

    async def preflight(self, request: web.Request) -> web.StreamResponse:
        """Let the shop's page call us."""
        return web.Response(status=204, headers=CORS)

    async def open_window(self, request: web.Request) -> web.StreamResponse:
        """Open a window and tell the script where it is."""
        try:
            payload: object = await request.json()
        except ValueError:
            payload = None
        try:
            receipt_id = self.opened(payload)
        except Refusal as refusal:
            return web.json_response(refusal.body(), status=refusal.http_status, headers=CORS)
        return web.json_response({"receipt_id": receipt_id, "window": f"/{self.path}/{receipt_id}"}, headers=CORS)


def go_back(address: str) -> web.Response:
    """Send the browser back to the shop."""
    return web.Response(status=302, headers={"Location": address, "Cache-Control": "no-store"})


def way_back(redirect_url: str, status: IntEnum, status_locale: str, error_code: str | None, **told: str) -> str:
    """Return the address at the shop, with what Bootpay tells there of how a window ended."""
    said = {**told, "status": str(int(status)), "status_locale": status_locale}
    if error_code is not None:
        said["error_code"] = error_code
    return with_query(redirect_url, said)


def with_query(url: str, more: dict[str, str]) -> str:
    """Return the address with these fields added to whatever query it had."""
    parts = urlsplit(url)
    query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), *more.items()])
    return urlunsplit(parts._replace(query=query))


def card_choices(numbers: Mapping[str, str]) -> str:
    """Return the cards to choose from, the first one chosen."""
    return "".join(
        f'<label class="card"><input type="radio" name="card" value="{name}"{"" if place else " checked"}><span>{name}'
        f"<small>{number[:4]}-****-****-{number[-4:]}</small></span></label>"
        for place, (name, number) in enumerate(numbers.items())
    )


def draw_page(title: str, name: str, status: int = 200, /, **facts: str) -> web.Response:
    """Return one of the stand-in's pages."""
    body = Template((PAGES / name).read_text(encoding="utf-8")).substitute(facts)
    layout = Template((PAGES / "layout.html").read_text(encoding="utf-8"))
    return web.Response(
        status=status,
        text=layout.substitute(title=title, body=body),
        content_type="text/html",
        headers={"Cache-Control": "no-store"},
    )


def missing_page() -> web.Response:
    """Say that there is no such window."""
    return draw_page("결제창", "missing.html", 404)
