"""Which titles people are asked about."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from core.clock import ManualClock
from core.db import Database
from core.titles import Candidate, add_ratings, next_to_rate, order_to_rate, rate
from core.titles.to_rate import LONGEST_ROUND
from tests.core.titles.shelf import SHELF, fill, somebody, title_row

GENRES = ("drama", "comedy", "crime", "horror")


def candidates(count: int) -> list[Candidate]:
    return [
        Candidate(n, 500 + (n * 7919) % 5000, (GENRES[n % 4],), {("genre", GENRES[n % 4]): 0.35, ("kind", n % 2): 0.25})
        for n in range(count)
    ]


@given(st.integers(0, 150), st.integers(0, 2**31), st.sets(st.sampled_from(GENRES)))
def test_a_round_is_the_same_each_time_and_names_no_title_twice(count: int, seed: int, genres: set[str]) -> None:
    order = list(order_to_rate(candidates(count), genres, seed))

    assert order == list(order_to_rate(candidates(count), genres, seed))
    assert len(set(order)) == len(order) == min(count, LONGEST_ROUND)


@given(st.integers(0, 2**31))
def test_favourite_genres_come_first(seed: int) -> None:
    shown = candidates(200)

    order = list(order_to_rate(shown, ["horror"], seed))[:10]

    assert all("horror" in shown[title_id].genres for title_id in order)


@given(st.integers(0, 2**31))
def test_without_favourites_the_genres_take_turns(seed: int) -> None:
    shown = [Candidate(n, 1000, (GENRES[n % 4],), {("genre", GENRES[n % 4]): 0.35}) for n in range(80)]

    order = [shown[title_id].genres[0] for title_id in order_to_rate(shown, (), seed)][:12]

    assert set(order) == set(GENRES)
    assert sum(one == other for one, other in pairwise(order)) <= 3


async def test_the_round_goes_on_past_what_is_rated_or_skipped_and_ends(db: Database, clock: ManualClock) -> None:
    await fill(db, clock.now())
    person = await somebody(db, clock.now())
    seen: list[int] = []

    async with db.write() as session:
        position = 0
        while (card := await next_to_rate(session, person.id, (), seed=3, position=position, adult=True)) is not None:
            seen.append(card.title.id)
            if len(seen) % 2:
                await rate(session, person.id, card.title.id, 8, clock.now())
            position = card.position + 1
        again = await next_to_rate(session, person.id, (), seed=3, adult=True)

    assert sorted(seen) == sorted(row["id"] for row in SHELF)
    assert again is not None
    assert again.title.id == seen[1]


async def test_a_title_rated_elsewhere_meanwhile_is_passed_over(db: Database, clock: ManualClock) -> None:
    await fill(db, clock.now())
    person = await somebody(db, clock.now())

    async with db.write() as session:
        first = await next_to_rate(session, person.id, (), seed=1, adult=True)
        assert first is not None
        await rate(session, person.id, first.title.id, 8, clock.now())
        second = await next_to_rate(session, person.id, (), seed=1, adult=True)

    assert second is not None
    assert second.title.id != first.title.id


async def test_a_teenager_is_not_asked_about_what_is_for_adults(db: Database, clock: ManualClock) -> None:
    await fill(db, clock.now(), [title_row(1, certificate="19"), title_row(2, certificate="18"), title_row(3)])
    person = await somebody(db, clock.now())

    async with db.write() as session:
        first = await next_to_rate(session, person.id, (), seed=1, adult=False)
        await add_ratings(session, [(person.id, 3, 5)], clock.now())
        second = await next_to_rate(session, person.id, (), seed=1, adult=False)

    assert first is not None
    assert first.title.id == 3
    assert second is None


async def test_nobody_is_asked_when_there_are_no_titles(db: Database, clock: ManualClock) -> None:
    person = await somebody(db, clock.now())

    async with db.read() as session:
        assert await next_to_rate(session, person.id, ["drama"], seed=1, adult=True) is None
