"""Joins core's titles and ratings with the recommender: model and catalogue in memory, folding in on request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

import recommender
from core import titles as core
from core.db import Database
from core.people import AgeBand, Person
from recommender import Model, Reason, SnapshotBroken
from recommender.together import Present, recommend_together

log = structlog.get_logger(__name__)


_ANYTHING = core.Filters()


@dataclass(frozen=True)
class Suggestion:
    """A title for a person, the stars they would probably give, and why.

    `because` are titles they rated, `gave` the half stars that each of those got, in their order.
    """

    title: core.Title
    stars: float
    reason: Reason
    because: tuple[core.Title, ...]
    gave: tuple[int, ...]


@dataclass(frozen=True)
class Explanation:
    """The numbers behind a title for a person, the rated titles that they name, and how many have rated it here."""

    title: core.Title
    numbers: recommender.Explained
    named: Mapping[int, core.Title]
    rated_by: int


@dataclass(frozen=True)
class Companion:
    """Somebody who watches: what they do not want to see tonight, how much more than others they had before."""

    person: Person
    vetoes: Collection[int] = ()
    had: float = 0.0


@dataclass(frozen=True)
class RoomPick:
    """A title for several people: the stars that each would give it, and its worth to each (0 to 1), in their order."""

    title: core.Title
    stars: tuple[float, ...]
    worth: tuple[float, ...]


@dataclass(frozen=True)
class Together:
    """Picks for several people, best first, and how much more each of them counted, in their order."""

    picks: Sequence[RoomPick]
    counted_more: tuple[float, ...]


@dataclass(frozen=True)
class _Shelf:
    """The catalogue as the recommender wants it, and the edition of which it was made."""

    edition: core.Edition
    titles: recommender.Titles
    by_id: Mapping[int, recommender.Title]
    for_adults: frozenset[int]
    services: frozenset[str]

    def closed_to(self, *people: Person) -> frozenset[int]:
        """Return what must not be shown as long as one of these is too young for it."""
        return self.for_adults if any(one.age_band is not AgeBand.ADULT for one in people) else frozenset()

    def hides(self, filters: core.Filters) -> Callable[[int], bool] | None:
        """Return the question whether the filters keep a title out; None when they keep nothing out."""
        if not filters.active:
            return None

        def hide(title_id: int) -> bool:
            title = self.by_id[title_id]
            return not filters.keeps(title.kind, title.genres, title.services)

        return hide


class Recommending:
    """Recommends to people by the newest model; a new title, rating or model counts at the next request."""

    def __init__(self) -> None:
        self._shelf: _Shelf | None = None
        self._model: Model | None = None
        self._snapshot_id: int | None = None
        self._untaught_of: core.Edition | None = None
        self.refused: set[int] = set()
        """The snapshots that could not be taken up."""
        self._turn = asyncio.Lock()

    async def recommend(
        self,
        session: AsyncSession,
        person: Person,
        *,
        n: int = 10,
        exclude: Collection[int] = (),
        only: Collection[int] | None = None,
        filters: core.Filters = _ANYTHING,
    ) -> list[Suggestion]:
        """Return up to `n` titles that pass the filters, best first, or (with `only`) what of those may be shown.

        None that the person rated, set aside or is too young for.
        """
        model, shelf = await self.refresh(session)
        aside = await core.marks_of(session, person.id)
        ratings = await core.ratings_of(session, person.id)
        # About 8 ms for 600 titles on one core: not worth a thread.
        picks = model.recommend(
            _stars(ratings),
            n=n if only is None else len(only),
            exclude=shelf.closed_to(person).union(aside, exclude),
            titles=shelf.titles,
            genres_liked=person.genres,
            hide=shelf.hides(filters) if only is None else lambda title_id: title_id not in only,
            variety=recommender.VARIETY if only is None else 0.0,
        )
        wanted = {pick.title_id for pick in picks}.union(*(pick.reason.title_ids for pick in picks))
        known = await core.get_titles(session, wanted)
        suggestions = []
        for pick in picks:
            if pick.title_id in known:
                because = tuple(known[title_id] for title_id in pick.reason.title_ids if title_id in known)
                gave = tuple(ratings[title.id] for title in because)
                suggestions.append(Suggestion(known[pick.title_id], pick.stars, pick.reason, because, gave))
        return suggestions

    async def explain(self, session: AsyncSession, person: Person, title: core.Title) -> Explanation | None:
        """Return the numbers behind a title for a person; None when it is not in the catalogue."""
        model, shelf = await self.refresh(session)
        numbers = recommender.why(
            model,
            _stars(await core.ratings_of(session, person.id)),
            title.id,
            titles=shelf.titles,
            genres_liked=person.genres,
        )
        if numbers is None:
            return None
        named = await core.get_titles(session, [moved.title_id for moved in numbers.ratings])
        return Explanation(title, numbers, named, await core.count_ratings_on(session, title.id))

    async def similar(
        self, session: AsyncSession, person: Person, title: core.Title, n: int
    ) -> list[tuple[core.Title, recommender.Similar]]:
        """Return up to `n` titles most like this one that the person has not set aside and is not too young for."""
        model, shelf = await self.refresh(session)
        closed = shelf.closed_to(person).union(await core.marks_of(session, person.id))
        found = recommender.similar(model, title.id, n, titles=shelf.titles, exclude=closed)
        known = await core.get_titles(session, [one.title_id for one in found])
        return [(known[one.title_id], one) for one in found if one.title_id in known]

    async def together(
        self, session: AsyncSession, people: Sequence[Companion], *, n: int, exclude: Collection[int] = ()
    ) -> Together:
        """Return up to `n` titles for these people: none that one of them rated, set aside, vetoed or is too young for.

        Whoever had less before counts more.
        """
        model, shelf = await self.refresh(session)
        closed = shelf.closed_to(*(one.person for one in people)).union(exclude)
        present = []
        for one in people:
            aside = await core.marks_of(session, one.person.id)
            rated = _stars(await core.ratings_of(session, one.person.id))
            present.append(Present(rated, {*one.vetoes, *aside}, one.person.genres, one.had))
        evening = recommend_together(model, present, n=n, exclude=closed, titles=shelf.titles)
        known = await core.get_titles(session, [pick.title_id for pick in evening.picks])
        picks = [
            RoomPick(known[pick.title_id], pick.stars, pick.worth) for pick in evening.picks if pick.title_id in known
        ]
        return Together(picks, evening.counted_more)

    async def services(self, session: AsyncSession) -> frozenset[str]:
        """Return the services on which any title is shown."""
        _, shelf = await self.refresh(session)
        return shelf.services

    async def left_without(
        self, session: AsyncSession, person: Person, filters: core.Filters, exclude: Collection[int]
    ) -> dict[str, int]:
        """Return how many titles would be left without each of the filters, and without them `all`."""
        _, shelf = await self.refresh(session)
        gone = shelf.closed_to(person).union(
            await core.ratings_of(session, person.id), await core.marks_of(session, person.id), exclude
        )
        rest = [title for title in shelf.titles.rows if title.id not in gone]
        looser = {name: filters.without(name) for name in (*filters.active, "all")}
        return {
            name: sum(wider.keeps(title.kind, title.genres, title.services) for title in rest)
            for name, wider in looser.items()
        }

    async def refresh(self, session: AsyncSession) -> tuple[Model, _Shelf]:
        """Take up a changed catalogue or a newer model where there is one, and return what to recommend by."""
        async with self._turn:
            edition = await core.edition(session)
            if self._shelf is None or self._shelf.edition != edition:
                self._shelf = _shelve(edition, await core.all_titles(session))
            await self._take_up_newest(session)
            if self._model is None or (self._snapshot_id is None and self._untaught_of != edition):
                # Nothing is trained yet: what titles are tells enough for no two of them to be the same.
                nobody = recommender.Ratings([], [], [])
                self._model = await asyncio.to_thread(recommender.train, nobody, self._shelf.titles)
                self._untaught_of = edition
            return self._model, self._shelf

    async def warm(self, db: Database) -> None:
        """Take up catalogue and model before anybody asks."""
        async with db.read() as session:
            await self.refresh(session)

    async def _take_up_newest(self, session: AsyncSession) -> None:
        for snapshot_id in await core.usable_snapshots(session):
            if snapshot_id == self._snapshot_id:
                return
            if snapshot_id in self.refused:
                continue
            try:
                model = await asyncio.to_thread(Model.load, await core.load_snapshot(session, snapshot_id))
            except (SnapshotBroken, core.SnapshotDamaged) as error:
                self.refused.add(snapshot_id)
                log.error("snapshot_refused", snapshot=snapshot_id, reason=str(error))
            else:
                self._model, self._snapshot_id = model, snapshot_id
                log.info("snapshot_taken_up", snapshot=snapshot_id)
                return


def described(titles: Sequence[core.Title]) -> recommender.Titles:
    """Return titles as the recommender knows them; people go by their Korean names."""
    return recommender.Titles(
        recommender.Title(
            id=title.id,
            kind=title.kind,
            year=title.year,
            genres=tuple(title.genres),
            people=tuple(person["ko"] for person in (*title.director, *title.cast)),
            country=title.country[0] if title.country else "",
            language=title.language,
            services=tuple(title.services),
            vote_average=title.vote_tenths / 10,
            vote_count=title.votes,
        )
        for title in titles
    )


def _stars(halves: Mapping[int, int]) -> dict[int, float]:
    return {title_id: given / 2 for title_id, given in halves.items()}


def _shelve(edition: core.Edition, titles: Sequence[core.Title]) -> _Shelf:
    for_adults = frozenset(title.id for title in titles if not core.suits(title, adult=False))
    catalogue = described(titles)
    services = frozenset(slug for title in catalogue.rows for slug in title.services)
    return _Shelf(edition, catalogue, {title.id: title for title in catalogue.rows}, for_adults, services)
