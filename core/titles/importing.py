"""Bringing titles in from outside: what is new is added, what changed is described anew, nothing is deleted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.people import GENRES
from core.titles.folding import search_text
from core.titles.tables import SEARCH_TEXT_LENGTH, Title, TitleKind

CERTIFICATES = ("all", "7", "12", "15", "18", "19")
NAME_LENGTH = 200
_AT_ONCE = 500


class TitleRefused(ValueError):
    """A row that cannot be a title; the message names it and the field."""


@dataclass(frozen=True)
class Imported:
    """How many titles an import added and how many it described anew."""

    added: int
    changed: int


async def import_titles(session: AsyncSession, rows: Iterable[Mapping[str, Any]], now: datetime) -> Imported:
    """Add or update titles by id; `updated_at` moves only where something differs; TitleRefused for a wrong row.

    A row holds id, kind, name_ko, name_en, year, genres, country, language, director, cast, services, certificate,
    vote (0 to 10) and votes; people are `{"ko": ..., "en": ...}`. Of two rows with one id the later counts.
    """
    wanted = {int(row["id"]): _columns(row) for row in rows}
    known = await _known(session, list(wanted))
    changed = 0
    for title_id, columns in wanted.items():
        title = known.get(title_id)
        if title is None:
            session.add(Title(id=title_id, updated_at=now, **columns))
        elif any(getattr(title, name) != value for name, value in columns.items()):
            changed += 1
            for name, value in (*columns.items(), ("updated_at", now)):
                setattr(title, name, value)
    await session.flush()
    return Imported(added=len(wanted) - len(known), changed=changed)


async def _known(session: AsyncSession, ids: list[int]) -> dict[int, Title]:
    known: dict[int, Title] = {}
    for begin in range(0, len(ids), _AT_ONCE):
        found = await session.scalars(select(Title).where(Title.id.in_(ids[begin : begin + _AT_ONCE])))
        known |= {title.id: title for title in found}
    return known


def _columns(row: Mapping[str, Any]) -> dict[str, Any]:
    people = [*row["director"], *row["cast"]]
    _refuse(row, "kind", row["kind"] not in set(TitleKind))
    _refuse(row, "genres", not set(row["genres"]) <= set(GENRES))
    _refuse(row, "certificate", row["certificate"] not in CERTIFICATES)
    _refuse(row, "vote", not 0 <= row["vote"] <= 10 or row["votes"] < 0)
    for name in (row["name_ko"], row["name_en"]):
        _refuse(row, "name", not 1 <= len(name.strip()) <= NAME_LENGTH)
    _refuse(row, "people", any(not (person.get("ko") and person.get("en")) for person in people))
    return {
        "kind": TitleKind(row["kind"]),
        "name_ko": row["name_ko"].strip(),
        "name_en": row["name_en"].strip(),
        "year": int(row["year"]),
        "genres": list(row["genres"]),
        "country": list(row["country"]),
        "language": row["language"],
        "director": [dict(person) for person in row["director"]],
        "cast": [dict(person) for person in row["cast"]],
        "services": list(row["services"]),
        "certificate": row["certificate"],
        "vote_tenths": round(row["vote"] * 10),
        "votes": int(row["votes"]),
        "search_text": search_text(
            [row["name_ko"], row["name_en"]],
            [name for person in people for name in (person["ko"], person["en"])],
            SEARCH_TEXT_LENGTH,
        ),
    }


def _refuse(row: Mapping[str, Any], field: str, wrong: bool) -> None:
    if wrong:
        raise TitleRefused(f"title {row['id']}: {field}")
