"""The frame of the payment page: template, headers, and the files it loads."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from bot.texts import LANGUAGES, Speech
from bot.views.pay import Page

_FOLDER = Path(__file__).parent
FILES = {"pay.css": "text/css", "pay.js": "text/javascript", "back.js": "text/javascript"}


def policy(script: str, hosts: str) -> str:
    """Return the Content-Security-Policy: our own files, Bootpay's script and its windows, nothing else."""
    address = urlsplit(script)
    bootpay = " ".join(dict.fromkeys([f"{address.scheme}://{address.netloc}", *hosts.split()]))
    return (
        f"default-src 'none'; script-src 'self' {bootpay}; connect-src 'self' {bootpay}; frame-src {bootpay}; "
        f"form-action 'self' {bootpay}; style-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'"
    )


def private_headers(csp: str, *, https: bool) -> Mapping[str, str]:
    """Return the headers of everything under a payment link: kept nowhere, shown in no frame, told to nobody.

    With `https` the browser never asks this host without it again, whatever the proxy in front of us does.
    """
    secure = {"Strict-Transport-Security": "max-age=31536000"} if https else {}
    return {
        **secure,
        "Content-Security-Policy": csp,
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "X-Robots-Tag": "noindex",
    }


@cache
def _template() -> Template:
    """Return the one template of all pages: compiling it takes longer than drawing many."""
    environment = Environment(
        loader=FileSystemLoader(_FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("pay.html")


class Pages:
    """Draws pages."""

    def __init__(self, *, csp: str, chat_url: str, bootpay_script: str, business_notice: str, https: bool) -> None:
        self.headers = private_headers(csp, https=https)
        self._facts = {"chat_url": chat_url, "bootpay_script": bootpay_script, "business_notice": business_notice}

    def draw(self, say: Speech, page: Page, *, path: str) -> web.Response:
        """Return a page; `path` is the address under which it may be seen again."""

        def text(key: str, **values: object) -> Markup:
            return Markup(say(key, **values))  # noqa: S704 - texts are ours, values are escaped by say

        other = next(language for language in LANGUAGES if language != say.language)
        html = _template().render(
            page=page, text=text, language=say.language, other=other, path=path, html=Markup, **self._facts
        )
        return web.Response(status=page.status, text=html, content_type="text/html", headers=self.headers)


def add_files(app: web.Application) -> None:
    """Serve the page's style and script."""

    def served(name: str, content_type: str) -> web.RouteDef:
        body = (_FOLDER / "static" / name).read_bytes()
        headers = {"Cache-Control": "public, max-age=600", "X-Content-Type-Options": "nosniff"}

        async def file(request: web.Request) -> web.Response:
            return web.Response(body=body, content_type=content_type, charset="utf-8", headers=headers)

        return web.get(f"/static/{name}", file)

    app.add_routes([served(name, content_type) for name, content_type in FILES.items()])
