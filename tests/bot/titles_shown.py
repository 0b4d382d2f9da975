"""Titles with the longest and nastiest names, and a screen's text as it is read."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from bot.screen import CALLBACK_BYTES, TEXT_UNITS, Screen
from bot.texts import SPEECH
from core.catalogue.tables import Service
from core.people import AgeBand, Person
from core.titles import Title
from tests.core.titles.shelf import title_row

LARGEST_ID = 2**53
KO, EN = SPEECH["ko"], SPEECH["en"]
NASTY = "<b>&\"'" + "🎬" * 194


def title(**more: Any) -> Title:
    row = title_row(**{"id": 1, **more})
    return Title(vote_tenths=round(row.pop("vote") * 10), **row)


LONG = title(
    id=LARGEST_ID,
    name_ko=NASTY,
    name_en=NASTY[::-1],
    genres=["drama", "comedy", "crime", "horror", "war"],
    country=["KR", "US", "JP", "XX"],
    director=[{"ko": NASTY, "en": NASTY}] * 4,
    cast=[{"ko": NASTY, "en": NASTY}] * 9,
)
SERVICES = [
    Service(slug="netflix", name_ko="넷플릭스", name_en="Netflix"),
    Service(slug="tving", name_ko="티빙", name_en="TVING"),
]
PERSON = Person(id=1, nickname="지우 <3", language="ko", age_band=AgeBand.ADULT, genres=["drama"])


class Tags(HTMLParser):
    """The text without its tags; fails on anything that Telegram would not take."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        assert (tag, attrs) == ("b", [])
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def text_of(screen: Screen) -> str:
    """Return what is read, after checking that Telegram would take the screen."""
    text = Tags(screen.text).text
    assert 1 <= len(text.encode("utf-16-le")) // 2 <= TEXT_UNITS
    for row in screen.rows:
        assert 1 <= len(row) <= 8
        for button in row:
            assert button.text.strip()
            assert len((button.data or "").encode()) <= CALLBACK_BYTES
    return text
