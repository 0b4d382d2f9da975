"""The frame of the payment page: template, headers, and the files it loads."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from bot.texts import LANGUAGES, Speech
from bot.views.pay import Page

_FOLDER = Path(__file__).parent
FILES = {"pay.css": "text/css", "pay.js": "text/javascript", "back.js": "text/javascript"}


# What the buttons of Bootpay's own window call: its script (client-js 5.3) writes them as attributes.
_BOOTPAY_CALLS = ("Bootpay.dismiss()", "Bootpay.dismiss(true)", "Bootpay.readyToPopup()")


def policy(script: str, hosts: str, *, opens_window: bool = False) -> str:
    """Return the Content-Security-Policy: our own files, Bootpay's script and its windows, nothing else.

    With `opens_window` Bootpay's script may draw its window: it brings its style as text (without it the window is a
    small box below the page) and those of its buttons by their words; no other script may stand in a page.
    """
    address = urlsplit(script)
    bootpay = " ".join(dict.fromkeys([f"{address.scheme}://{address.netloc}", *hosts.split()]))
    scripts, styles = "'self'", "'self'"
    if opens_window:
        scripts = " ".join(["'self'", "'unsafe-hashes'", *map(_hashed, _BOOTPAY_CALLS)])
        styles = "'self' 'unsafe-inline'"
    return (
        f"default-src 'none'; script-src {scripts} {bootpay}; connect-src 'self' {bootpay}; frame-src {bootpay}; "
        f"form-action 'self' {bootpay}; style-src {styles}; img-src 'self' data:; base-uri 'none'; "
        "frame-ancestors 'none'"
    )


def _hashed(call: str) -> str:
    return f"'sha256-{b64encode(sha256(call.encode()).digest()).decode()}'"


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

    def __init__(self, *, bootpay_script: str, hosts: str, chat_url: str, business_notice: str, https: bool) -> None:
        self.headers = private_headers(policy(bootpay_script, hosts), https=https)
        self._paying_headers = private_headers(policy(bootpay_script, hosts, opens_window=True), https=https)
        self._facts = {"chat_url": chat_url, "bootpay_script": bootpay_script, "business_notice": business_notice}

    def draw(self, say: Speech, page: Page, *, path: str) -> web.Response:
        """Return a page; `path` is the address under which it may be seen again."""

        def text(key: str, **values: object) -> Markup:
            return Markup(say(key, **values))  # noqa: S704 - texts are ours, values are escaped by say

        other = next(language for language in LANGUAGES if language != say.language)
        html = _template().render(
            page=page, text=text, language=say.language, other=other, path=path, html=Markup, **self._facts
        )
        headers = self._paying_headers if page.pay else self.headers
        return web.Response(status=page.status, text=html, content_type="text/html", headers=headers)


def add_files(app: web.Application) -> None:
    """Serve the page's style and script."""

    def served(name: str, content_type: str) -> web.RouteDef:
        body = (_FOLDER / "static" / name).read_bytes()
        headers = {"Cache-Control": "public, max-age=600", "X-Content-Type-Options": "nosniff"}

        async def file(request: web.Request) -> web.Response:
            return web.Response(body=body, content_type=content_type, charset="utf-8", headers=headers)

        return web.get(f"/static/{name}", file)

    app.add_routes([served(name, content_type) for name, content_type in FILES.items()])
