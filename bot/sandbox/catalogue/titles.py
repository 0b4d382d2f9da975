"""Real films and series with facts in Korean and English; the ids are the project's own and are never renumbered."""

import json
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal

Kind = Literal["film", "series"]

GENRES = (
    "action", "adventure", "animation", "comedy", "crime", "documentary", "drama", "family", "fantasy", "history",
    "horror", "kids", "music", "mystery", "reality", "romance", "scifi", "thriller", "war", "western",
)  # fmt: skip
SERVICES = ("netflix", "disney-plus", "tving", "wavve", "watcha", "coupang-play", "apple-tv")


@dataclass(frozen=True, slots=True)
class Person:
    """A director, a creator or an actor, as written in Korea and elsewhere."""

    ko: str
    en: str


@dataclass(frozen=True, slots=True)
class Title:
    """One film or series; `director` holds the directors of a film and the makers (direction, script) of a series."""

    id: int
    kind: Kind
    name_ko: str
    name_en: str
    year: int
    genres: tuple[str, ...]
    country: tuple[str, ...]
    language: str
    director: tuple[Person, ...]
    cast: tuple[Person, ...]
    services: tuple[str, ...]
    certificate: str
    vote: float
    votes: int


def load_titles() -> list[Title]:
    """Return the demo catalogue, ordered by id."""
    rows: list[dict[str, Any]] = json.loads(
        files("bot.sandbox.catalogue").joinpath("titles.json").read_text(encoding="utf-8")
    )
    return [_title(row) for row in rows]


def _title(row: dict[str, Any]) -> Title:
    people = {role: tuple(Person(**person) for person in row[role]) for role in ("director", "cast")}
    lists = {key: tuple(row[key]) for key in ("genres", "country", "services")}
    return Title(**{**row, **people, **lists})
