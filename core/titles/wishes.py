"""What a person wants on their list: filters that stay until they are changed, and titles that they set aside."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from core.catalogue.tables import Service
from core.db import changed, put
from core.errors import InvalidInput, NotFound, Outdated
from core.people import GENRES
from core.titles.lookup import suiting
from core.titles.moods import MOODS
from core.titles.tables import Browsing, Mark, SetAside, Title, TitleKind

# A round ends here: who has looked through so many will find nothing by looking further.
LONGEST_ROUND = 200


@dataclass(frozen=True)
class Filters:
    """What titles a person wants to see; None or no services: any."""

    services: tuple[str, ...] = ()
    kind: TitleKind | None = None
    genre: str | None = None
    mood: str | None = None

    @property
    def active(self) -> tuple[str, ...]:
        """Return the names of the filters that keep something out."""
        return tuple(name for name in ("services", "kind", "genre", "mood") if getattr(self, name))

    def without(self, name: str) -> Filters:
        """Return the same filters but for one, or for all (`all`)."""
        match name:
            case "all":
                return Filters()
            case "services":
                return replace(self, services=())
            case "kind":
                return replace(self, kind=None)
            case "genre":
                return replace(self, genre=None)
            case "mood":
                return replace(self, mood=None)
        raise InvalidInput(field="button", rule="filter")

    def keeps(self, kind: str, genres: Collection[str], services: Collection[str]) -> bool:
        """Tell whether a title passes every filter."""
        return (
            (self.kind is None or kind == self.kind)
            and (self.genre is None or self.genre in genres)
            and (self.mood is None or MOODS[self.mood].suits(genres))
            and (not self.services or not set(self.services).isdisjoint(services))
        )


async def filters_of(session: AsyncSession, person_id: int) -> Filters:
    """Return a person's filters; what the catalogue of genres and moods no longer knows filters nothing."""
    row = await session.get(Browsing, person_id)
    if row is None:
        return Filters()
    genre = row.genre if row.genre in GENRES else None
    return Filters(tuple(row.services), row.kind, genre, row.mood if row.mood in MOODS else None)


async def keep_filters(session: AsyncSession, person_id: int, filters: Filters) -> None:
    """Keep a person's filters until they change them; InvalidInput for one that is not offered."""
    if filters.genre not in (None, *GENRES) or filters.mood not in (None, *MOODS):
        raise InvalidInput(field="button", rule="filter")
    known = set(await session.scalars(select(Service.slug).where(Service.slug.in_(filters.services))))
    if not set(filters.services) <= known:
        raise InvalidInput(field="button", rule="filter")
    row = await browsing(session, person_id)
    row.services, row.kind, row.genre, row.mood = list(filters.services), filters.kind, filters.genre, filters.mood
    await session.flush()


async def browsing(session: AsyncSession, person_id: int) -> Browsing:
    """Return how a person looks through recommendations, locked against their other taps."""
    row = await session.get(Browsing, person_id, with_for_update=True, populate_existing=True)
    if row is not None:
        return row
    try:
        async with session.begin_nested():
            row = Browsing(person_id=person_id, services=[], shown=[], round=0)
            session.add(row)
    except IntegrityError:
        return await session.get_one(Browsing, person_id, with_for_update=True, populate_existing=True)
    return row


async def begin_round(session: AsyncSession, person_id: int) -> Browsing:
    """Begin a new list: nothing of it has been shown yet, and buttons of older lists are outdated."""
    row = await browsing(session, person_id)
    row.round, row.shown = row.round + 1, []
    await session.flush()
    return row


async def go_on(session: AsyncSession, person_id: int, number: int, begin: int) -> Browsing:
    """Return the round `number` for its page from place `begin` on; Outdated when it is not the present one."""
    row = await browsing(session, person_id)
    if row.round != number or not 0 <= begin <= min(len(row.shown), LONGEST_ROUND):
        raise Outdated(what="list")
    return row


async def note_shown(session: AsyncSession, row: Browsing, title_ids: Sequence[int]) -> None:
    """Note that a round has shown these titles too, in this order."""
    row.shown = [*row.shown, *title_ids]
    await session.flush()


async def set_aside(session: AsyncSession, person_id: int, title_id: int, mark: Mark, now: datetime) -> None:
    """Keep a title off a person's lists from now on."""
    if await session.get(Title, title_id) is None:
        raise NotFound(what="title", id=title_id)
    await put(session, SetAside, {"person_id": person_id, "title_id": title_id}, {"mark": mark, "marked_at": now})


async def take_back(session: AsyncSession, person_id: int, title_id: int) -> bool:
    """Let a title onto a person's lists again; False when it was not set aside."""
    gone = delete(SetAside).where(SetAside.person_id == person_id, SetAside.title_id == title_id)
    return await changed(session, gone) == 1


async def marks_of(session: AsyncSession, person_id: int) -> dict[int, Mark]:
    """Return what a person set aside, by title."""
    rows = await session.execute(select(SetAside.title_id, SetAside.mark).where(SetAside.person_id == person_id))
    return {title_id: mark for title_id, mark in rows}  # noqa: C416 - mypy knows no dict() of rows


@dataclass(frozen=True)
class AsidePage:
    """Titles that a person set aside, the newest first, from place `begin` on, and how many there are in all."""

    titles: Sequence[tuple[Title, Mark]]
    begin: int
    total: int


async def aside_page(session: AsyncSession, person_id: int, *, begin: int, limit: int, adult: bool) -> AsidePage:
    """Return a page of what a person set aside; past the end, the last page."""
    mine = select(Title, SetAside.mark).join(SetAside, SetAside.title_id == Title.id)
    mine = mine.where(SetAside.person_id == person_id, suiting(adult=adult))
    total = await session.scalar(select(func.count()).select_from(mine.subquery())) or 0
    first = min(max(begin, 0), max(total - 1, 0)) // limit * limit
    newest = mine.order_by(SetAside.marked_at.desc(), SetAside.id.desc()).offset(first).limit(limit)
    return AsidePage([(title, mark) for title, mark in await session.execute(newest)], first, total)
