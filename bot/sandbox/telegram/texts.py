"""A message's words: parsed, trimmed, measured in UTF-16 units, with the entities Telegram finds by itself."""

from __future__ import annotations

import re
from html import escape
from typing import Any

from .html import parse_html
from .links import checked_link
from .refusals import Json, bad_request

MAX_TEXT = 4096
MAX_CAPTION = 1024
_FOUND = (
    ("url", re.compile(r"(?:https?://|tg://|(?<![\w@./])t\.me/)[^\s<>\"']*[^\s<>\"'.,;:!?)\]]")),
    ("email", re.compile(r"(?<![\w.+-])[\w.+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")),
    ("mention", re.compile(r"(?<![\w@./])@[A-Za-z][A-Za-z0-9_]{3,31}\b")),
    ("bot_command", re.compile(r"(?<![\w/.@<>])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/])")),
    ("hashtag", re.compile(r"(?<![\w#&/])#(?=\w*[^\W\d_])\w{1,256}")),
)
_VERBATIM = frozenset({"code", "pre", "text_link", "text_mention"})
_TAGS = {
    "bold": "b",
    "italic": "i",
    "underline": "u",
    "strikethrough": "s",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "expandable_blockquote": "blockquote",
}


def units(text: str) -> int:
    """Count UTF-16 units: Telegram's measure of offsets and lengths."""
    return len(text.encode("utf-16-le")) // 2


def cut(text: str, offset: int, length: int) -> str:
    """Return the part of the text that an entity covers."""
    return text.encode("utf-16-le")[2 * offset : 2 * (offset + length)].decode("utf-16-le", "replace")


def formatted(source: str, parse_mode: str, entities: Any, *, limit: int) -> tuple[str, list[Json]]:
    """Return text and entities as Telegram would store them; raises Refusal."""
    mode = parse_mode.lower()
    if mode == "html":
        text, spans = parse_html(source)
    elif mode in ("", "none"):
        text, spans = source, _given(source, entities)
    else:
        # Telegram has Markdown too; here it has no reader, and a silent pass would hide mistakes.
        raise bad_request("unsupported parse_mode")
    text, spans = _trimmed(text.replace("\r", ""), spans)
    if units(text) > limit:
        raise bad_request("message is too long" if limit == MAX_TEXT else "message caption is too long")
    return text, with_found(text, spans)


def with_found(text: str, spans: list[Json]) -> list[Json]:
    """Add the links, commands, mentions and hashtags that Telegram sees without being told."""
    taken = [(span["offset"], span["offset"] + span["length"]) for span in spans if span["type"] in _VERBATIM]
    result = list(spans)
    for kind, pattern in _FOUND:
        for match in pattern.finditer(text):
            start = units(text[: match.start()])
            end = start + units(match.group())
            if any(start < other_end and other_start < end for other_start, other_end in taken):
                continue
            taken.append((start, end))
            result.append({"type": kind, "offset": start, "length": end - start})
    return sorted(result, key=lambda span: (span["offset"], -span["length"]))


def _given(text: str, entities: Any) -> list[Json]:
    if entities is None:
        return []
    if not isinstance(entities, list) or not all(isinstance(span, dict) for span in entities):
        raise bad_request("can't parse entities: expected an Array of MessageEntity")
    size, spans = units(text), []
    for span in entities:
        offset, length = span.get("offset"), span.get("length")
        if not isinstance(offset, int) or not isinstance(length, int) or not isinstance(span.get("type"), str):
            raise bad_request("can't parse MessageEntity: Field of the entity is missing or of a wrong type")
        if offset < 0 or length < 0 or offset + length > size:
            raise bad_request("entity beginning or end is outside of the text")
        if length and span["type"] not in {"url", "email", "mention", "bot_command", "hashtag", "cashtag"}:
            spans.append(_cleaned(span))
    return spans


def _cleaned(span: Json) -> Json:
    if span["type"] == "text_link":
        try:
            return {**span, "url": checked_link(str(span.get("url", "")))}
        except ValueError as error:
            raise bad_request(f"Entity {error}") from None
    if span["type"] == "text_mention" and isinstance(span.get("user"), dict):
        kept = {key: value for key, value in span.items() if key != "user"}
        return {**kept, "user_id": int(span["user"]["id"])}
    return span


def _trimmed(text: str, spans: list[Json]) -> tuple[str, list[Json]]:
    body = text.rstrip()
    shift = units(body) - units(body.lstrip())
    body = body.lstrip()
    size, kept = units(body), []
    for span in spans:
        start = max(span["offset"] - shift, 0)
        end = min(span["offset"] + span["length"] - shift, size)
        if end > start:
            kept.append({**span, "offset": start, "length": end - start})
    return body, kept


def to_html(text: str, spans: list[Json]) -> str:
    """Return HTML that is safe to put into a page, whatever the text holds."""
    return _nested(text, sorted(spans, key=lambda span: (span["offset"], -span["length"])), 0, units(text))


def _nested(text: str, spans: list[Json], start: int, end: int) -> str:
    html, at = "", start
    while spans:
        span, spans = spans[0], spans[1:]
        begin, stop = max(span["offset"], at), min(span["offset"] + span["length"], end)
        if stop <= begin:
            continue
        html += escape(cut(text, at, begin - at))
        inside = [other for other in spans if other["offset"] < stop]
        spans = [other for other in spans if other["offset"] + other["length"] > stop]
        before, after = _tag(span, cut(text, begin, stop - begin))
        html += before + _nested(text, inside, begin, stop) + after
        at = stop
    return html + escape(cut(text, at, end - at))


def _tag(span: Json, covered: str) -> tuple[str, str]:
    kind = span["type"]
    if kind in ("text_link", "url", "email"):
        url = span.get("url") or (f"mailto:{covered}" if kind == "email" else covered)
        url = f"https://{url}" if kind == "url" and "://" not in url else url
        if url.split(":")[0].lower() not in ("http", "https", "tg", "mailto"):
            return "", ""
        return f'<a href="{escape(url)}" target="_blank" rel="noopener noreferrer">', "</a>"
    if kind == "pre" and span.get("language"):
        return f'<pre><code class="language-{escape(str(span["language"]))}">', "</code></pre>"
    if kind in _TAGS:
        return f"<{_TAGS[kind]}>", f"</{_TAGS[kind]}>"
    return f'<span class="{escape(kind.replace("_", "-"))}">', "</span>"
