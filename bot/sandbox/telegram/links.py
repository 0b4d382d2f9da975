"""Which addresses Telegram takes in buttons and text, and how it rewrites them."""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

SCHEMES = frozenset({"http", "https", "tg", "ton", "tonsite"})
_SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*):")
_USER_LINK = re.compile(r"^tg:(?://)?user\?id=(\d+)$")


def person_of_link(url: str) -> int | None:
    """Return the person a `tg://user?id=` link means, if it is one."""
    match = _USER_LINK.match(url.strip())
    return int(match.group(1)) if match else None


def checked_link(url: str) -> str:
    """Return the link as Telegram keeps it; raises ValueError in Telegram's words for one it refuses."""
    clean = url.strip()
    scheme = _SCHEME.match(clean)
    if scheme and scheme.group(1).lower() in {"tg", "ton", "tonsite"}:
        return clean
    # "example.com:8080/x" has no scheme although a colon follows its first word.
    if not scheme or "." in scheme.group(1):
        clean = f"http://{clean}"
    elif scheme.group(1).lower() not in SCHEMES:
        raise ValueError(f"URL '{url}' is invalid: Unsupported URL protocol")
    try:
        parts = urlsplit(clean)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError(f"URL '{url}' is invalid: Wrong HTTP URL") from None
    # Telegram refuses one-word hosts such as localhost.
    if not ("." in host.strip(".") or ":" in host) or any(ord(char) <= 32 for char in clean):
        raise ValueError(f"URL '{url}' is invalid: Wrong HTTP URL")
    return urlunsplit((parts.scheme.lower(), parts.netloc, parts.path or "/", parts.query, parts.fragment))
