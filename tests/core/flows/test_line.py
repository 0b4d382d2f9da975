"""The waiting list: first come, first asked; a seat is held for a day, and nobody else can take it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from bot.agenda import next_stop
from bot.chores import Chores
from core import flows, parties
from core.clock import ManualClock
from core.dates import seoul_date, seoul_instant
from core.errors import AlreadyMember, BusinessError, Outdated, PartyClosed, PartyFull
from core.flows import invitation, join_party, leave_line, leave_party, pass_offer, wait_in_line
from core.parties import SEATED, Membership, MembershipState, Party, queues_of
from core.people import Person
from tests.builders import LIMITS, joins, party, person
from tests.till import Till

PEOPLE = 50


async def full_party(till: Till, seats: int = 2) -> tuple[Party, list[Person]]:
    """Return a running party without a free seat, and its members."""
    opened = await party(till.db, till.clock, seats=seats)
    members = [await person(till.db, till.clock, f"파티원{n}") for n in range(1, seats)]
    for member in members:
        await till.pays((await joins(till.db, till.clock, opened, member)).id)
    return opened, members


async def waits(till: Till, opened: Party, nickname: str = "지우") -> Person:
    """Let somebody new wait in line."""
    someone = await person(till.db, till.clock, nickname)
    await till.db.transact(wait_in_line, opened.code, someone, till.clock.now())
    return someone


async def tick(till: Till) -> None:
    """Run the tick of the seats, and send."""
    await Chores(till.db, till.clock, till.bootpay, LIMITS).seats()
    await till.sends()


async def a_seat_is_freed(till: Till, opened: Party, member: Person) -> None:
    """Let a member go at once."""
    stay = await _stay(till, opened, member)
    async with till.db.write() as session:
        await parties.lock_party(session, opened.id)
        assert stay is not None
        await parties.free_seat(session, stay.id, stay.state, MembershipState.REMOVED, till.clock.now())


async def _stay(till: Till, opened: Party, someone: Person) -> Membership | None:
    async with till.db.read() as session:
        return await parties.present_stay(session, opened.id, someone.id)


async def state(till: Till, opened: Party, someone: Person) -> MembershipState | None:
    """Return where somebody stands; None when they are neither in the party nor in line."""
    stay = await _stay(till, opened, someone)
    return stay.state if stay else None


async def takes(till: Till, opened: Party, someone: Person) -> int:
    """Join by the link; return the bill."""
    async with till.db.read() as session:
        seen = await invitation(session, opened.code, someone.id, till.clock.now(), LIMITS)
    won = seen.quote.amount_won
    joined = await till.db.transact(join_party, opened.code, someone, won, till.clock.now(), LIMITS)
    return joined.bill.id


async def test_the_first_in_line_is_offered_the_free_seat_and_takes_it(till: Till) -> None:
    opened, (member,) = await full_party(till)
    first, second = await waits(till, opened, "지우"), await waits(till, opened, "이슬")
    await tick(till)
    assert await state(till, opened, first) is MembershipState.WAITING

    await a_seat_is_freed(till, opened, member)
    await tick(till)

    offered = await _stay(till, opened, first)
    assert offered is not None
    assert (offered.state, offered.seat) == (MembershipState.OFFERED, 1)
    assert offered.held_until == till.clock.now() + timedelta(hours=24)
    assert await state(till, opened, second) is MembershipState.WAITING
    await till.pays(await takes(till, opened, first))
    assert await state(till, opened, first) is MembershipState.ACTIVE


async def test_nobody_snatches_a_seat_that_somebody_waits_for(till: Till) -> None:
    opened, (member,) = await full_party(till)
    first, stranger = await waits(till, opened), await person(till.db, till.clock, "낯선이")
    await a_seat_is_freed(till, opened, member)

    with pytest.raises(PartyFull):
        await takes(till, opened, stranger)
    await tick(till)
    with pytest.raises(PartyFull):
        await takes(till, opened, stranger)
    with pytest.raises(PartyFull):
        await till.db.transact(join_party, opened.code, stranger, 1, till.clock.now(), LIMITS)

    assert await state(till, opened, first) is MembershipState.OFFERED


async def test_who_passes_or_says_nothing_leaves_the_seat_to_the_next(till: Till) -> None:
    opened, (member,) = await full_party(till)
    first, second, third = [await waits(till, opened, name) for name in ("하나", "두리", "세찬")]
    await a_seat_is_freed(till, opened, member)
    await tick(till)

    await till.db.transact(pass_offer, opened.id, first.id, till.clock.now())
    await tick(till)
    assert [await state(till, opened, one) for one in (first, second, third)] == [
        None, MembershipState.OFFERED, MembershipState.WAITING,
    ]  # fmt: skip

    till.clock.move_to(till.clock.now() + timedelta(hours=24, seconds=1))
    await tick(till)
    assert [await state(till, opened, one) for one in (second, third)] == [None, MembershipState.OFFERED]
    assert await till.said("waiting.offer_over") == 1
    with pytest.raises(Outdated):
        await till.db.transact(leave_line, opened.id, third.id, till.clock.now())


async def test_a_seat_that_is_taken_and_not_paid_goes_to_the_next(till: Till) -> None:
    opened, (member,) = await full_party(till)
    first, second = await waits(till, opened, "하나"), await waits(till, opened, "두리")
    await a_seat_is_freed(till, opened, member)
    await tick(till)
    await takes(till, opened, first)

    till.clock.move_to(till.clock.now() + timedelta(minutes=31))
    await tick(till)

    assert await state(till, opened, first) is None
    assert await state(till, opened, second) is MembershipState.OFFERED


async def test_who_is_asked_at_night_has_a_day_from_the_morning_on(till: Till) -> None:
    opened, (member,) = await full_party(till)
    first = await waits(till, opened)
    midnight = seoul_instant(seoul_date(till.clock.now()) + timedelta(days=1))
    till.clock.move_to(midnight + timedelta(minutes=1))
    await a_seat_is_freed(till, opened, member)

    await tick(till)

    offered = await _stay(till, opened, first)
    assert offered is not None
    assert offered.held_until == midnight + timedelta(days=1, hours=8)


async def test_who_cannot_be_reached_is_passed_over_and_keeps_the_place(till: Till) -> None:
    opened, (member,) = await full_party(till)
    gone, second = await waits(till, opened, "하나"), await waits(till, opened, "두리")
    async with till.db.write() as session:
        await session.execute(update(Person).where(Person.id == gone.id).values(reachable=False))
    await a_seat_is_freed(till, opened, member)

    await tick(till)

    assert await state(till, opened, gone) is MembershipState.WAITING
    assert await state(till, opened, second) is MembershipState.OFFERED
    async with till.db.read() as session:
        assert await parties.lines_to_serve(session) == []


async def test_who_turns_out_to_be_unreachable_keeps_the_place_and_the_next_is_asked_at_once(till: Till) -> None:
    opened, (member,) = await full_party(till)
    gone, second = await waits(till, opened, "하나"), await waits(till, opened, "두리")
    await a_seat_is_freed(till, opened, member)
    chores = Chores(till.db, till.clock, till.bootpay, LIMITS)
    await chores.seats()

    await till.sends(dead=[gone.id])
    await chores.seats()

    assert await state(till, opened, gone) is MembershipState.WAITING
    assert await state(till, opened, second) is MembershipState.OFFERED
    async with till.db.write() as session:
        (await session.get_one(Person, gone.id)).reachable = True
    await till.db.transact(pass_offer, opened.id, second.id, till.clock.now())
    await tick(till)
    assert await state(till, opened, gone) is MembershipState.OFFERED


async def test_the_demo_stops_at_once_for_a_seat_that_was_freed_while_somebody_waits(till: Till) -> None:
    opened, (member,) = await full_party(till)
    await waits(till, opened)
    await a_seat_is_freed(till, opened, member)
    now = till.clock.now()

    async with till.db.read() as session:
        assert await next_stop(session, now, LIMITS) == now + timedelta(minutes=1)
    await tick(till)

    async with till.db.read() as session:
        later = await next_stop(session, now, LIMITS)
    assert later is not None and later > now + timedelta(hours=1)


async def test_nobody_waits_twice_or_for_a_seat_that_is_free(till: Till) -> None:
    opened, (member,) = await full_party(till)
    first = await waits(till, opened)
    for someone in (first, member):
        with pytest.raises(AlreadyMember):
            await till.db.transact(wait_in_line, opened.code, someone, till.clock.now())

    roomy = await party(till.db, till.clock)
    with pytest.raises(Outdated):
        await till.db.transact(wait_in_line, roomy.code, first, till.clock.now())
    async with till.db.read() as session:
        assert len(await queues_of(session, first.id)) == 1


async def test_the_line_of_a_party_that_is_called_off_is_closed(till: Till) -> None:
    opened = await party(till.db, till.clock, seats=2, starts_in=7)
    await till.pays((await joins(till.db, till.clock, opened)).id)
    first = await waits(till, opened)
    await till.db.transact(flows.cancel_party, opened.id, opened.host_id, till.clock.now(), LIMITS)

    await tick(till)

    assert await state(till, opened, first) is None
    assert await till.said("waiting.closed") == 1
    with pytest.raises(PartyClosed):
        await till.db.transact(wait_in_line, opened.code, first, till.clock.now())


async def test_an_offered_seat_of_a_party_that_is_called_off_is_given_back(till: Till) -> None:
    opened = await party(till.db, till.clock, seats=2, starts_in=7)
    bill = await joins(till.db, till.clock, opened)
    first = await waits(till, opened)
    await till.db.transact(flows.give_up_seat, opened.id, bill.person_id, till.clock.now())
    await tick(till)
    assert await state(till, opened, first) is MembershipState.OFFERED

    await till.db.transact(flows.cancel_party, opened.id, opened.host_id, till.clock.now(), LIMITS)

    assert await state(till, opened, first) is None


async def test_the_seat_of_somebody_who_leaves_is_offered_on_their_last_day(till: Till) -> None:
    opened, (member,) = await full_party(till)
    first = await waits(till, opened)
    plan = await till.db.transact(leave_party, opened.id, member.id, till.clock.now(), LIMITS)
    till.clock.move_to(seoul_instant(plan.leaves_on) + timedelta(hours=12))
    await Chores(till.db, till.clock, till.bootpay, LIMITS).calendar()

    await tick(till)

    assert await state(till, opened, first) is MembershipState.OFFERED


async def test_places_in_line_are_counted_from_one(till: Till) -> None:
    opened, _ = await full_party(till)
    crowd = [await person(till.db, till.clock, f"대기{n}") for n in range(3)]

    now = till.clock.now()

    assert [await till.db.transact(wait_in_line, opened.code, each, now) for each in crowd] == [1, 2, 3]


async def test_an_offer_is_not_taken_back_before_its_time_is_over(till: Till) -> None:
    opened, members = await full_party(till)
    someone = await waits(till, opened)
    await a_seat_is_freed(till, opened, members[0])
    await tick(till)
    stay = await _stay(till, opened, someone)
    assert stay is not None
    assert stay.held_until is not None

    early = stay.held_until - timedelta(seconds=1)

    assert await till.db.transact(flows.expire_offer, stay.id, opened.id, early) is False
    assert await state(till, opened, someone) is MembershipState.OFFERED
    assert await till.db.transact(flows.expire_offer, stay.id, opened.id, stay.held_until) is True
    assert await state(till, opened, someone) is None


@pytest.mark.faults
async def test_fifty_who_wait_and_fifty_by_the_link_never_oversell_three_seats(till: Till, clock: ManualClock) -> None:
    opened, members = await full_party(till, seats=4)
    crowd = [await person(till.db, clock, f"손님{n}") for n in range(PEOPLE)]
    line = [await waits(till, opened, f"대기{n}") for n in range(6)]
    connections = asyncio.Semaphore(12)

    async def quietly(work: Callable[..., Awaitable[object]], *args: object) -> str:
        async with connections:
            try:
                await till.db.transact(work, *args)
            except BusinessError as error:
                return type(error).__name__
            return "done"

    async with till.db.read() as session:
        won = (await invitation(session, (await party(till.db, clock)).code, crowd[0].id, clock.now(), LIMITS)).quote
    frees = [a_seat_is_freed(till, opened, member) for member in members]
    serving = [quietly(flows.serve_line, opened.id, clock.now()) for _ in range(12)]
    joining = [quietly(join_party, opened.code, someone, won.amount_won, clock.now(), LIMITS) for someone in crowd]
    results = await asyncio.gather(*frees, *serving, *joining)
    await quietly(flows.serve_line, opened.id, clock.now())

    assert "done" not in results[len(frees) + len(serving) :]
    async with till.db.read() as session:
        seated = await session.scalar(
            select(func.count(Membership.id)).where(Membership.party_id == opened.id, Membership.state.in_(SEATED))
        )
    assert seated == 4
    asked = [await state(till, opened, someone) for someone in line]
    assert asked == [MembershipState.OFFERED] * 3 + [MembershipState.WAITING] * 3
