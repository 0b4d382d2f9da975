"""A small catalogue for tests: real titles in the shape in which titles are imported."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from core.db import Database
from core.people import AgeBand, Person
from core.titles import import_titles

Row = dict[str, Any]


def person_named(ko: str, en: str) -> dict[str, str]:
    return {"ko": ko, "en": en}


BONG = person_named("봉준호", "Bong Joon-ho")
PARK = person_named("박찬욱", "Park Chan-wook")
SONG = person_named("송강호", "Song Kang-ho")


def title_row(id: int, name_ko: str = "무제", name_en: str = "Untitled", **more: Any) -> Row:
    row: Row = {
        "id": id,
        "kind": "film",
        "name_ko": name_ko,
        "name_en": name_en,
        "year": 2010,
        "genres": ["drama"],
        "country": ["KR"],
        "language": "ko",
        "director": [person_named("감독", "A Director")],
        "cast": [person_named("배우", "An Actor")],
        "services": ["netflix"],
        "certificate": "15",
        "vote": 7.0,
        "votes": 100,
    }
    return row | more


SHELF: list[Row] = [
    title_row(1, "살인의 추억", "Memories of Murder",
              year=2003, genres=["crime", "drama"], director=[BONG], cast=[SONG],
              votes=4000, vote=8.1),
    title_row(2, "마더", "Mother",
              year=2009, genres=["crime", "drama"], director=[BONG], votes=1900, certificate="18"),
    title_row(3, "올드보이", "Oldboy",
              year=2003, genres=["thriller"], director=[PARK], votes=9000, certificate="19"),
    title_row(4, "기생충", "Parasite",
              year=2019, genres=["comedy", "thriller"], director=[BONG], cast=[SONG], votes=18000),
    title_row(5, "마더!", "mother!",
              year=2017, genres=["horror"], country=["US"], language="en", votes=6000),
    title_row(6, "아멜리에", "Amélie",
              year=2001, genres=["comedy", "romance"], country=["FR"], language="fr", votes=11000),
    title_row(7, "오징어 게임", "Squid Game",
              kind="series", year=2021, genres=["drama", "thriller"], votes=15000,
              certificate="19"),
    title_row(8, "너의 이름은.", "Your Name.",
              year=2016, genres=["animation", "romance"], country=["JP"], language="ja",
              votes=11500, certificate="12"),
    title_row(9, "D.P.", "D.P.",
              kind="series", year=2021, genres=["drama", "war"], votes=700),
    title_row(10, "어머니", "Mother and Son",
              year=1997, genres=["drama"], country=["RU"], language="ru", votes=90),
    title_row(11, "하울의 움직이는 성", "Howl's Moving Castle",
              year=2004, genres=["animation", "fantasy"],
              country=["JP"], language="ja", votes=10000, certificate="all"),
    title_row(12, "괴물", "The Host",
              year=2006, genres=["horror", "scifi"], director=[BONG], cast=[SONG], votes=3000,
              certificate="12"),
]  # fmt: skip


async def fill(db: Database, now: datetime, rows: list[Row] = SHELF) -> None:
    """Put titles on the shelf."""
    async with db.write() as session:
        await import_titles(session, rows, now)


async def somebody(db: Database, now: datetime, telegram_id: int = 700, age: AgeBand = AgeBand.ADULT) -> Person:
    """Let a person in."""
    async with db.write() as session:
        person = Person(
            telegram_id=telegram_id, nickname="지우", language="ko", age_band=age, created_at=now, genres=[]
        )
        session.add(person)
    return person
