"""What people think of titles, in half stars."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import and_, delete, func, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.db import changed, put
from core.errors import InvalidInput, NotFound
from core.titles.tables import Rating, Title

FEWEST_HALVES, MOST_HALVES = 1, 10
_AT_ONCE = 500


@dataclass(frozen=True)
class Columns:
    """Everybody's ratings as three columns of equal length, by person and title."""

    people: Sequence[int]
    titles: Sequence[int]
    halves: Sequence[int]

    def __len__(self) -> int:
        return len(self.halves)


class Given(NamedTuple):
    """One person's half stars for one title, and when they gave them."""

    person_id: int
    title_id: int
    halves: int
    rated_at: datetime


async def rate(session: AsyncSession, person_id: int, title_id: int, halves: int, now: datetime) -> None:
    """Keep what a person thinks of a title, in place of what they thought before; one row however often they tap."""
    if not FEWEST_HALVES <= halves <= MOST_HALVES:
        raise InvalidInput(field="stars", rule="range", fewest=FEWEST_HALVES, most=MOST_HALVES)
    if await session.get(Title, title_id) is None:
        raise NotFound(what="title", id=title_id)
    await put(session, Rating, {"person_id": person_id, "title_id": title_id}, {"halves": halves, "rated_at": now})


async def unrate(session: AsyncSession, person_id: int, title_id: int) -> bool:
    """Take a rating back; False when there was none."""
    taken = delete(Rating).where(Rating.person_id == person_id, Rating.title_id == title_id)
    return await changed(session, taken) == 1


async def ratings_of(session: AsyncSession, person_id: int) -> dict[int, int]:
    """Return a person's half stars by title."""
    rows = await session.execute(select(Rating.title_id, Rating.halves).where(Rating.person_id == person_id))
    return {title_id: halves for title_id, halves in rows}  # noqa: C416 - mypy knows no dict() of rows


async def rating_of(session: AsyncSession, person_id: int, title_id: int) -> int | None:
    """Return a person's half stars for one title, None when they gave none."""
    return await session.scalar(select(Rating.halves).where(Rating.person_id == person_id, Rating.title_id == title_id))


async def count_ratings(session: AsyncSession, person_id: int) -> int:
    """Return how many titles a person has rated."""
    return await session.scalar(select(func.count()).select_from(Rating).where(Rating.person_id == person_id)) or 0


async def count_ratings_on(session: AsyncSession, title_id: int) -> int:
    """Return how many people have rated a title."""
    return await session.scalar(select(func.count()).select_from(Rating).where(Rating.title_id == title_id)) or 0


async def count_all_ratings(session: AsyncSession) -> int:
    """Return how many ratings there are."""
    return await session.scalar(select(func.count()).select_from(Rating)) or 0


async def everybodys_ratings(session: AsyncSession) -> Columns:
    """Return all ratings, for training."""
    rows = await session.execute(
        select(Rating.person_id, Rating.title_id, Rating.halves).order_by(Rating.person_id, Rating.title_id)
    )
    people, titles, halves = [], [], []
    for person_id, title_id, given in rows:
        people.append(person_id)
        titles.append(title_id)
        halves.append(given)
    return Columns(people, titles, halves)


async def pages_of_ratings(session: AsyncSession, size: int) -> AsyncIterator[Sequence[Given]]:
    """Yield all ratings by person and title, at most `size` at a time: no more than that is ever held."""
    every = select(Rating.person_id, Rating.title_id, Rating.halves, Rating.rated_at)
    every = every.order_by(Rating.person_id, Rating.title_id).limit(size)
    page = [Given(*row) for row in await session.execute(every)]
    while page:
        yield page
        person, title = page[-1].person_id, page[-1].title_id
        # the first condition alone is what a server can look up in the index
        later = and_(Rating.person_id >= person, or_(Rating.person_id > person, Rating.title_id > title))
        page = [Given(*row) for row in await session.execute(every.where(later))]


async def add_ratings(session: AsyncSession, rows: Iterable[tuple[int, int, int]], now: datetime) -> int:
    """Add (person, title, halves) that nobody has given yet, many at once; return how many."""
    values = [
        {"person_id": person_id, "title_id": title_id, "halves": halves, "rated_at": now}
        for person_id, title_id, halves in rows
    ]
    for begin in range(0, len(values), _AT_ONCE):
        await session.execute(insert(Rating), values[begin : begin + _AT_ONCE])
    return len(values)
