"""Finding titles: by id, by words, all of them; and which of them somebody may be shown."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, func, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from core.catalogue.tables import Service
from core.errors import NotFound
from core.titles.folding import NAME_BORDER, fold_words
from core.titles.tables import Title

FOR_ADULTS = ("18", "19")
MOST_WORDS = 8


@dataclass(frozen=True)
class Found:
    """The best matches of a search and how many there are in all."""

    titles: Sequence[Title]
    total: int


@dataclass(frozen=True)
class Edition:
    """What the catalogue was when it was read: two equal ones mean that nothing changed in between."""

    titles: int
    updated_at: datetime | None


def suits(title: Title, *, adult: bool) -> bool:
    """Tell whether a title may be shown to a person of this age."""
    return adult or title.certificate not in FOR_ADULTS


def suiting(*, adult: bool) -> ColumnElement[bool]:
    """Return the condition that keeps what must not be shown to a teenager out of a query."""
    return true() if adult else Title.certificate.not_in(FOR_ADULTS)


async def get_title(session: AsyncSession, title_id: int, *, adult: bool) -> Title:
    """Return a title; NotFound when there is none or it is not for this person's age."""
    title = await session.get(Title, title_id)
    if title is None or not suits(title, adult=adult):
        raise NotFound(what="title", id=title_id)
    return title


async def get_titles(session: AsyncSession, title_ids: Collection[int]) -> dict[int, Title]:
    """Return the titles that exist among these, by id."""
    found = await session.scalars(select(Title).where(Title.id.in_(set(title_ids))))
    return {title.id: title for title in found}


async def all_titles(session: AsyncSession) -> Sequence[Title]:
    """Return the whole catalogue, by id."""
    return (await session.scalars(select(Title).order_by(Title.id))).all()


async def edition(session: AsyncSession) -> Edition:
    """Return the catalogue's present edition."""
    titles, updated_at = (await session.execute(select(func.count(), func.max(Title.updated_at)))).one()
    return Edition(titles, updated_at)


async def search(session: AsyncSession, words: str, *, adult: bool, limit: int) -> Found:
    """Find titles whose names and people contain every word, Korean or English, or initial consonants of them.

    A whole name comes first, then names that begin so, then names that contain it, then the rest; among equals the
    better known. Spaces, case, accents and signs do not matter.
    """
    folded = fold_words(words)[:MOST_WORDS]
    if not folded:
        return Found((), 0)
    met = and_(suiting(adult=adult), *(Title.search_text.contains(word) for word in folded))
    total = await session.scalar(select(func.count()).select_from(Title).where(met)) or 0
    titles = await session.scalars(
        select(Title).where(met).order_by(_distance("".join(folded)), Title.votes.desc(), Title.id).limit(limit)
    )
    return Found(titles.all(), total)


def _distance(whole: str) -> ColumnElement[int]:
    is_name = Title.search_text.contains(f"{NAME_BORDER}{whole}{NAME_BORDER}")
    begins_name = Title.search_text.contains(f"{NAME_BORDER}{whole}")
    in_name = Title.search_text.like(f"%{whole}%{NAME_BORDER}%")
    return case((is_name, 0), (begins_name, 1), (in_name, 2), else_=3)


async def services_of(session: AsyncSession, title: Title) -> list[Service]:
    """Return the services that show a title, in the catalogue's order; those we do not know are left out."""
    found = await session.scalars(select(Service).where(Service.slug.in_(title.services)).order_by(Service.position))
    return list(found)


async def service_names(session: AsyncSession) -> dict[str, Service]:
    """Return every service that a title can be shown on, by slug, in the catalogue's order."""
    return {service.slug: service for service in await session.scalars(select(Service).order_by(Service.position))}
