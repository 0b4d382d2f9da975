"""Agreeing to the terms, and what a person says about themself."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from core.db import changed
from core.errors import InvalidInput, NotFound, TooYoung
from core.people.tables import AgeBand, Consent, Person

TERMS_VERSION = "2026-11"
# Consent, given once and withdrawn at any time, to the own predicted stars being seen in a party's room.
SHOW_TASTE = "show_taste"
LANGUAGES = ("ko", "en")
FAVOURITE_GENRES = 3
NICKNAME_LENGTH = 20
# Letters and signs by their category, yet nothing is to be seen of them: Hangul fillers, the empty Braille cell.
BLANKS = "\u115f\u1160\u3164\uffa0\u2800"
GENRES = (
    "drama", "thriller", "comedy", "romance", "crime", "action", "fantasy", "scifi", "mystery", "horror",
    "animation", "history", "family", "adventure", "documentary", "music", "war", "western", "reality", "kids",
)  # fmt: skip


async def find_person(session: AsyncSession, telegram_id: int) -> Person | None:
    """Return the person behind a Telegram account, if they agreed to the terms."""
    return await session.scalar(select(Person).where(Person.telegram_id == telegram_id))


async def get_person(session: AsyncSession, person_id: int) -> Person:
    """Return a person by our id; NotFound otherwise."""
    person = await session.get(Person, person_id)
    if person is None:
        raise NotFound(what="person", id=person_id)
    return person


async def agree(session: AsyncSession, telegram_id: int, language: str, age_band: AgeBand, now: datetime) -> Person:
    """Store a person together with the consent that allows it; a repeated tap finds the same person."""
    person = Person(telegram_id=telegram_id, language=language, age_band=age_band, created_at=now)
    try:
        async with session.begin_nested():
            session.add(person)
            await session.flush()
            for kind in ("terms", f"age_{age_band}"):
                session.add(Consent(person_id=person.id, kind=kind, version=TERMS_VERSION, given_at=now))
    except IntegrityError:
        known = await find_person(session, telegram_id)
        if known is None:
            raise
        return known
    return person


def require_adult(person: Person, needed: int) -> None:
    """Raise TooYoung unless the person said to be old enough to host or pay."""
    if person.age_band is not AgeBand.ADULT:
        raise TooYoung(needed=needed)


def clean_nickname(text: str) -> str:
    """Return a nickname that is safe to show: one line, no control or invisible characters, 1 to 20 long."""
    shown = "".join(c for c in unicodedata.normalize("NFC", text) if c.isspace() or _is_shown(c))
    nickname = " ".join(shown.split())
    # Marks that stand on no letter are drawn over whatever is next to them.
    if not 1 <= len(nickname) <= NICKNAME_LENGTH or unicodedata.category(nickname[0])[0] == "M":
        raise InvalidInput(field="nickname", rule="length", longest=NICKNAME_LENGTH)
    return nickname


def _is_shown(character: str) -> bool:
    return unicodedata.category(character)[0] != "C" and character not in BLANKS


async def set_nickname(session: AsyncSession, person: Person, text: str) -> None:
    """Call the person as they wish."""
    person.nickname = clean_nickname(text)
    await session.flush()


async def set_picture(session: AsyncSession, person: Person, file_id: str | None) -> None:
    """Show a picture of the person's own, or the drawn one again (None)."""
    person.picture_file_id = file_id
    await session.flush()


async def set_genres(session: AsyncSession, person: Person, genres: Collection[str]) -> None:
    """Keep up to three favourite genres, in the catalogue's order."""
    if not set(genres) <= set(GENRES) or len(set(genres)) > FAVOURITE_GENRES:
        raise InvalidInput(field="genres", rule="at_most", most=FAVOURITE_GENRES)
    person.genres = [genre for genre in GENRES if genre in set(genres)]
    await session.flush()


async def set_language(session: AsyncSession, person: Person, language: str) -> None:
    """Speak this language with the person from now on."""
    if language not in LANGUAGES:
        raise InvalidInput(field="language", rule="known")
    person.language = language
    await session.flush()


async def mark_unreachable(session: AsyncSession, telegram_id: int) -> None:
    """Remember that the person blocked the bot or is gone."""
    await changed(session, update(Person).where(Person.telegram_id == telegram_id).values(reachable=False))


async def mark_reachable(session: AsyncSession, telegram_id: int) -> None:
    """Remember that the person can be written to again."""
    await changed(
        session,
        update(Person).where(Person.telegram_id == telegram_id, Person.reachable.is_(False)).values(reachable=True),
    )


async def agree_to(session: AsyncSession, person_id: int, kind: str, now: datetime) -> None:
    """Keep that a person agreed to something beyond the terms; a repeated tap changes nothing."""
    try:
        async with session.begin_nested():
            session.add(Consent(person_id=person_id, kind=kind, version=TERMS_VERSION, given_at=now))
    except IntegrityError:
        return


async def withdraw(session: AsyncSession, person_id: int, kind: str) -> None:
    """Forget that a person agreed to something beyond the terms."""
    await session.execute(delete(Consent).where(Consent.person_id == person_id, Consent.kind == kind))


async def agreed_to(session: AsyncSession, people: Collection[int], kind: str) -> set[int]:
    """Return who of these people agreed to something beyond the terms, as it reads now."""
    given = select(Consent.person_id).where(
        Consent.person_id.in_(people), Consent.kind == kind, Consent.version == TERMS_VERSION
    )
    return set(await session.scalars(given))
