"""Telegram's HTML parse mode: tags become entities counted in UTF-16 units, mistakes become its own error sentences.

Follows parse_html of TDLib (td/telegram/MessageEntity.cpp), step by step.
"""

from __future__ import annotations

from dataclasses import dataclass

from .links import checked_link, person_of_link
from .refusals import Json, bad_request

TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "blockquote": "blockquote",
    "code": "code",
    "pre": "pre",
    "a": "text_link",
    "tg-emoji": "custom_emoji",
    "tg-time": "date_time",
}
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_SPACES = " \t\r\n\0\v"


@dataclass
class _Open:
    tag: str
    attributes: dict[str, str]
    offset: int
    start: int


class _Reader:
    """Walk over the source once; `at` is the place of the next character."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.at = 0

    def peek(self) -> str:
        return self.source[self.at] if self.at < len(self.source) else ""

    def skip_spaces(self) -> None:
        while self.peek() and self.peek() in _SPACES:
            self.at += 1

    def word(self, until: str) -> str:
        start = self.at
        while self.peek() and self.peek() not in _SPACES and self.peek() not in until:
            self.at += 1
        return self.source[start : self.at]

    def byte_offset(self, place: int) -> int:
        return len(self.source[:place].encode())

    def reference(self) -> str:
        """Read a character reference at `&`; an unknown one is plain text, as in Telegram."""
        end = self.at + 1
        if self.source[end : end + 1] == "#":
            hexadecimal = self.source[end + 1 : end + 2] in ("x", "X")
            end += 2 if hexadecimal else 1
            start, digits = end, "0123456789abcdefABCDEF" if hexadecimal else "0123456789"
            while self.source[end : end + 1] and self.source[end] in digits:
                end += 1
            code = int(self.source[start:end], 16 if hexadecimal else 10) if end > start else 0
            char = chr(code) if 0 < code < 0x10FFFF and not 0xD800 <= code <= 0xDFFF else ""
        else:
            start = end
            while self.source[end : end + 1].isascii() and self.source[end : end + 1].isalpha():
                end += 1
            char = _NAMED.get(self.source[start:end], "")
        if not char:
            return ""
        self.at = end + 1 if self.source[end : end + 1] == ";" else end
        return char


def parse_html(source: str) -> tuple[str, list[Json]]:
    """Return the plain text and its entities; raises Refusal in Telegram's words."""
    reader, text, units = _Reader(source), "", 0
    opened: list[_Open] = []
    entities: list[Json] = []
    while reader.peek():
        char = reader.peek()
        if char == "&" and (decoded := reader.reference()):
            text, units = text + decoded, units + _units(decoded)
        elif char != "<":
            text, units = text + char, units + _units(char)
            reader.at += 1
        elif reader.source[reader.at + 1 : reader.at + 2] == "/":
            _close(reader, opened, entities, text, units)
        else:
            opened.append(_open(reader, units, len(text)))
    if opened:
        raise _refuse(f'Can\'t find end tag corresponding to start tag "{opened[-1].tag}"')
    for entity in entities:
        if entity["type"] == "code":
            entity.pop("language", None)
    return text, sorted(entities, key=lambda entity: (entity["offset"], -entity["length"]))


def _open(reader: _Reader, units: int, start: int) -> _Open:
    begin = reader.byte_offset(reader.at)
    reader.at += 1
    tag = reader.word(until=">").lower()
    if not reader.peek():
        raise _refuse(f"Unclosed start tag at byte offset {begin}")
    if tag not in TAGS:
        raise _refuse(f'Unsupported start tag "{tag}" at byte offset {begin}')
    attributes: dict[str, str] = {}
    while reader.peek() != ">":
        reader.skip_spaces()
        if reader.peek() == ">":
            break
        name, value = _attribute(reader, tag, begin)
        attributes[name] = value
    reader.at += 1
    if tag == "span" and attributes.get("class") != "tg-spoiler":
        raise _refuse(f'Tag "span" must have class "tg-spoiler" at byte offset {begin}')
    return _Open(tag, attributes, units, start)


def _attribute(reader: _Reader, tag: str, begin: int) -> tuple[str, str]:
    name = reader.word(until="=>")
    if not name:
        raise _refuse(f'Empty attribute name in the tag "{tag}" at byte offset {begin}')
    reader.skip_spaces()
    if reader.peek() != "=":
        if tag == "blockquote" and name == "expandable":
            return name, ""
        raise _refuse(f'Expected equal sign in declaration of an attribute of the tag "{tag}" at byte offset {begin}')
    reader.at += 1
    reader.skip_spaces()
    if not reader.peek():
        raise _refuse(f'Unclosed start tag "{tag}" at byte offset {begin}')
    if reader.peek() not in "'\"":
        token_begin = reader.byte_offset(reader.at)
        value = ""
        while reader.peek() and (reader.peek().isalnum() or reader.peek() in ".-"):
            value += reader.peek().lower()
            reader.at += 1
        if reader.peek() and reader.peek() not in _SPACES + ">":
            raise _refuse(f"Unexpected end of name token at byte offset {token_begin}")
    else:
        quote, value = reader.peek(), ""
        reader.at += 1
        while reader.peek() and reader.peek() != quote:
            if reader.peek() == "&" and (decoded := reader.reference()):
                value += decoded
                continue
            value += reader.peek()
            reader.at += 1
        reader.at += 1
    if not reader.peek():
        raise _refuse(f"Unclosed start tag at byte offset {begin}")
    return name, value


def _close(reader: _Reader, opened: list[_Open], entities: list[Json], text: str, units: int) -> None:
    begin = reader.byte_offset(reader.at)
    if not opened:
        raise _refuse(f"Unexpected end tag at byte offset {begin}")
    reader.at += 2
    tag = reader.word(until=">").lower()
    reader.skip_spaces()
    if reader.peek() != ">":
        raise _refuse(f"Unclosed end tag at byte offset {begin}")
    reader.at += 1
    last = opened.pop()
    if tag and tag != last.tag:
        raise _refuse(f'Unmatched end tag at byte offset {begin}, expected "</{last.tag}>", found "</{tag}>"')
    if units > last.offset:
        _add_entity(last, entities, text[last.start :], units - last.offset)


def _add_entity(last: _Open, entities: list[Json], inner: str, length: int) -> None:
    entity: Json = {"type": TAGS[last.tag], "offset": last.offset, "length": length}
    twin = entities[-1] if entities and entities[-1]["offset"] == last.offset else {}
    twin = twin if twin.get("length") == length else {}
    language = last.attributes.get("class", "").removeprefix("language-")
    if last.tag == "a":
        if not _point(entity, last.attributes.get("href") or inner):
            return
    elif last.tag == "pre" and twin.get("type") == "code" and twin.get("language"):
        twin["type"] = "pre"
        return
    elif last.tag == "code" and last.attributes.get("class", "").startswith("language-"):
        if twin.get("type") == "pre":
            twin["language"] = language
            return
        entity["language"] = language
    elif last.tag == "blockquote" and "expandable" in last.attributes:
        entity["type"] = "expandable_blockquote"
    elif last.tag == "tg-emoji":
        if not last.attributes.get("emoji-id", "").isdigit():
            raise _refuse("Invalid custom emoji identifier specified")
        entity["custom_emoji_id"] = last.attributes["emoji-id"]
    elif last.tag == "tg-time":
        if not last.attributes.get("unix", "").isdigit():
            raise _refuse("Invalid date specified")
        entity["unix_time"] = int(last.attributes["unix"])
        entity["date_time_format"] = last.attributes.get("format", "")
    entities.append(entity)


def _point(entity: Json, url: str) -> bool:
    """Give a link its target; a bad address silently leaves plain text, as in Telegram."""
    person = person_of_link(url)
    if person is not None:
        entity["type"], entity["user_id"] = "text_mention", person
        return True
    try:
        entity["url"] = checked_link(url)
    except ValueError:
        return False
    return True


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _refuse(what: str) -> Exception:
    return bad_request(f"can't parse entities: {what}")
