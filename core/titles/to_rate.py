"""Which titles to ask a person about: well known ones, favourite genres first, not the same sort again and again.

The order follows from the catalogue, the genres and a seed alone, so that a button need carry only a position in it.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.titles.lookup import suiting
from core.titles.ratings import ratings_of
from core.titles.tables import Title

POOL = 250
LONGEST_ROUND = 60
FAVOURITES_FIRST = 10
_FAVOURITE = 0.7
_CHANCE = 0.6
# Votes are counted all over the world; here, what was made here is known better than they tell.
_HOME, _AT_HOME = ("country", "KR"), 1.1
_MEMORY = 6
_SAME_DIRECTOR, _SAME_GENRE, _SAME_COUNTRY, _SAME_KIND, _SAME_DECADE = 1.0, 0.35, 0.3, 0.25, 0.2

Mark = tuple[str, object]


@dataclass(frozen=True, eq=False)
class Candidate:
    """A title that may be asked about: how well known it is, and what would make the next one like it tiring."""

    title_id: int
    votes: int
    genres: tuple[str, ...]
    marks: dict[Mark, float]


@dataclass(frozen=True)
class ToRate:
    """The next title of a round and where in the round it stands."""

    title: Title
    position: int


async def next_to_rate(
    session: AsyncSession, person_id: int, genres: Collection[str], *, seed: int, position: int = 0, adult: bool
) -> ToRate | None:
    """Return the first title at or after `position` of round `seed` that the person has not rated, None at its end."""
    rated = await ratings_of(session, person_id)
    for at, title_id in enumerate(order_to_rate(await _candidates(session, adult=adult), genres, seed)):
        if at >= position and title_id not in rated:
            return ToRate(await session.get_one(Title, title_id), at)
    return None


async def _candidates(session: AsyncSession, *, adult: bool) -> list[Candidate]:
    columns = (Title.id, Title.votes, Title.genres, Title.kind, Title.year, Title.country, Title.director)
    query = select(*columns).where(suiting(adult=adult)).order_by(Title.votes.desc(), Title.id).limit(POOL)
    return [
        Candidate(title_id, votes, tuple(genres), _marks(kind, year, genres, country, director))
        for title_id, votes, genres, kind, year, country, director in await session.execute(query)
    ]


def _marks(
    kind: str, year: int, genres: list[str], country: list[str], director: list[dict[str, str]]
) -> dict[Mark, float]:
    return {
        ("kind", kind): _SAME_KIND,
        ("decade", year // 10): _SAME_DECADE,
        **{("genre", genre): _SAME_GENRE for genre in genres[:2]},
        **{("country", code): _SAME_COUNTRY for code in country[:1]},
        **{("director", person["ko"]): _SAME_DIRECTOR for person in director},
    }


def order_to_rate(candidates: Iterable[Candidate], genres: Collection[str], seed: int) -> Iterator[int]:
    """Yield up to LONGEST_ROUND title ids, each the best one left for somebody who has just seen those before it.

    The first FAVOURITES_FIRST come from the favourite genres as long as these have any.
    """
    chance = random.Random(seed)  # noqa: S311 - variety, not a secret
    favourites, others = list[_Left](), list[_Left]()
    for one in candidates:
        favourite = not set(one.genres).isdisjoint(genres)
        fame = math.log10(1 + one.votes) + _AT_HOME * (_HOME in one.marks)
        left = _Left(fame + _FAVOURITE * favourite + chance.uniform(0, _CHANCE), one)
        (favourites if favourite else others).append(left)
    favourites.sort(key=_by_worth)
    everything = sorted(favourites + others, key=_by_worth)
    shown: list[Candidate] = []
    while everything and len(shown) < LONGEST_ROUND:
        choice = favourites if favourites and len(shown) < FAVOURITES_FIRST else everything
        best = _least_tiring(choice, Counter(chain.from_iterable(one.marks for one in shown[-_MEMORY:])))
        everything.remove(best)
        if best in favourites:
            favourites.remove(best)
        shown.append(best.candidate)
        yield best.candidate.title_id


@dataclass(frozen=True, eq=False)
class _Left:
    worth: float
    candidate: Candidate


def _by_worth(left: _Left) -> tuple[float, int]:
    return -left.worth, left.candidate.title_id


def _least_tiring(choice: Sequence[_Left], lately: Counter[Mark]) -> _Left:
    """Return the one that is worth most after weariness; `choice` begins with what is worth most before it."""
    best, most = choice[0], -math.inf
    for left in choice:
        if left.worth <= most:
            break
        worth = left.worth - _weariness(left.candidate, lately)
        if worth > most:
            best, most = left, worth
    return best


def _weariness(candidate: Candidate, lately: Counter[Mark]) -> float:
    return sum(tired * lately[mark] for mark, tired in candidate.marks.items() if mark in lately)
