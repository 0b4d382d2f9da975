"""A new price: explicit consent of each member, a month ahead; no answer is no consent and nothing is charged."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from core import flows
from core.billing import Bill, Cycle, open_due_cycles, parties_to_bill
from core.catalogue import sync_plans
from core.catalogue.plans import catalogue_data
from core.dates import seoul_date, seoul_instant
from core.errors import InvalidInput, NotMember, NotYours, Outdated
from core.flows import (
    answer_price,
    close_leavings,
    due_leavings,
    keep_price,
    leave_party,
    price_preview,
    price_work,
    propose_price,
    stay_after_all,
    take_price_back,
)
from core.parties import Membership, MembershipState, Party
from core.parties.tables import PriceChange, PriceChangeState, PriceConsent
from core.people import Person
from tests.builders import LIMITS, joins, membership, party, person
from tests.till import Till

# The party of these tests begins on 23 November; its next cycles on 23 December and 23 January.
DECEMBER, JANUARY = date(2026, 12, 23), date(2027, 1, 23)


async def _day(till: Till, day: date) -> None:
    """Let a day come, with what the calendar does in its first minute."""
    till.clock.move_to(seoul_instant(day) + timedelta(minutes=1))
    await _calendar(till)


async def _calendar(till: Till) -> None:
    now = till.clock.now()
    async with till.db.read() as session:
        leavings = await due_leavings(session, now)
    for one in leavings:
        await till.db.transact(close_leavings, *one, now)
    async with till.db.read() as session:
        due = await price_work(session, now, LIMITS)
    for party_id in due:
        await till.db.transact(keep_price, party_id, now, LIMITS)
    async with till.db.read() as session:
        running = await parties_to_bill(session, seoul_date(now), LIMITS)
    for party_id in running:
        await till.db.transact(open_due_cycles, party_id, seoul_date(now), LIMITS, now)


async def _version(till: Till, won: int, valid_from: str, plan: str = "netflix-premium") -> None:
    """Put a new price version of a plan into the catalogue."""
    data = catalogue_data()
    services = [row for row in data["services"] if plan in {each["slug"] for each in row["plans"]}]
    for each in services[0]["plans"]:
        if each["slug"] == plan:
            each["prices"].append({"price_won": won, "valid_from": valid_from, "valid_to": None})
    await till.db.transact(sync_plans, data | {"services": services})


async def _running(till: Till, members: int = 2, **about: Any) -> tuple[Party, list[tuple[Person, Bill]]]:
    """Return a running party with so many members who have paid their first month."""
    opened = await party(till.db, till.clock, **about)
    inside = []
    for number in range(members):
        someone = await person(till.db, till.clock, f"손님{number}")
        bill = await joins(till.db, till.clock, opened, someone)
        await till.pays(bill.id)
        inside.append((someone, bill))
    return opened, inside


async def _changes(till: Till) -> list[PriceChange]:
    async with till.db.read() as session:
        return list(await session.scalars(select(PriceChange).order_by(PriceChange.id)))


async def _consents(till: Till) -> list[PriceConsent]:
    async with till.db.read() as session:
        return list(await session.scalars(select(PriceConsent).order_by(PriceConsent.id)))


async def _price(till: Till, opened: Party) -> int:
    async with till.db.read() as session:
        return (await session.get_one(Party, opened.id)).price_won


async def _bills(till: Till, of: Bill) -> list[Bill]:
    async with till.db.read() as session:
        mine = select(Bill).where(Bill.membership_id == of.membership_id).order_by(Bill.id)
        return list(await session.scalars(mine))


async def _propose(till: Till, opened: Party, won: int, from_on: date = DECEMBER) -> PriceChange:
    return await till.db.transact(propose_price, opened.id, opened.host_id, won, from_on, till.clock.now(), LIMITS)


async def _answers(till: Till, change: PriceChange, someone: Person, agreed: bool) -> None:
    await till.db.transact(answer_price, change.id, someone.id, till.clock.now(), agreed=agreed)


async def test_who_agrees_stays_and_who_is_silent_or_declines_leaves_without_being_charged(till: Till) -> None:
    opened, ((yes, first), (no, second), (silent, third)) = await _running(till, 3)
    change = await _propose(till, opened, 19_000)
    assert await till.said("prices.asked") == 3
    await _answers(till, change, yes, True)
    await _answers(till, change, no, False)

    await _day(till, DECEMBER - timedelta(days=7))

    (closed,) = await _changes(till)
    assert (closed.state, await _price(till, opened)) == (PriceChangeState.APPLIED, 19_000)
    assert [bill.amount_won for bill in await _bills(till, first)] == [4_250, 4_750]
    for bill in (second, third):
        assert len(await _bills(till, bill)) == 1
        leaving = await membership(till.db, bill)
        assert (leaving.state, leaving.leaves_on) == (MembershipState.LEAVING, DECEMBER)
    assert (await till.said("prices.leaving"), await till.said("prices.applied")) == (2, 1)

    await _day(till, DECEMBER)

    states = [(await membership(till.db, bill)).state for bill in (first, second, third)]
    assert states == [MembershipState.ACTIVE, MembershipState.LEFT, MembershipState.LEFT]
    assert await till.held() == 3 * 4_250
    assert silent.id != yes.id


async def test_what_was_shown_and_answered_is_kept_as_proof(till: Till) -> None:
    opened, ((someone, _),) = await _running(till, 1, seats=3)

    change = await _propose(till, opened, 19_000)
    await _answers(till, change, someone, True)

    (proof,) = await _consents(till)
    assert (proof.old_won, proof.new_won, proof.agreed) == (5_666, 6_334, True)
    assert proof.answered_at == till.clock.now()
    assert (change.from_cycle_on, seoul_date(change.closes_at)) == (DECEMBER, date(2026, 12, 16))


async def test_one_may_change_ones_mind_until_it_closes_and_not_afterwards(till: Till) -> None:
    opened, ((someone, bill),) = await _running(till, 1)
    change = await _propose(till, opened, 19_000)
    for agreed in (False, True, False):
        await _answers(till, change, someone, agreed)

    await _day(till, date(2026, 12, 16))

    with pytest.raises(Outdated):
        await _answers(till, change, someone, True)
    assert (await membership(till.db, bill)).state is MembershipState.LEAVING
    with pytest.raises(Outdated):
        await till.db.transact(stay_after_all, opened.id, someone.id, till.clock.now())


async def test_nobody_answers_after_the_close_although_its_tick_has_not_come(till: Till) -> None:
    opened, inside = await _running(till, members=1)
    change = await _propose(till, opened, 19_000)
    till.clock.move_to(change.closes_at)

    with pytest.raises(Outdated):
        await _answers(till, change, inside[0][0], agreed=True)

    assert [consent.agreed for consent in await _consents(till)] == [None]


async def test_the_catalogue_asks_once_from_thirty_days_before_and_reminds_once(till: Till) -> None:
    opened, _ = await _running(till, 2)
    await _version(till, 19_000, "2027-01-01")

    await _day(till, date(2026, 12, 23))
    assert await _changes(till) == []
    for _ in range(3):
        await _day(till, date(2026, 12, 24))
    (change,) = await _changes(till)
    assert (change.new_won, change.from_cycle_on, change.by_host) == (19_000, JANUARY, False)
    assert (await till.said("prices.asked"), await till.said("prices.host_asked")) == (2, 1)

    await _day(till, date(2027, 1, 13))
    assert await till.said("prices.reminder") == 0
    for _ in range(3):
        await _day(till, date(2027, 1, 14))
    assert await till.said("prices.reminder") == 2

    await _day(till, date(2027, 1, 16))
    for _ in range(3):
        await _calendar(till)
    assert await till.said("prices.leaving") == 2
    assert (len(await _changes(till)), await _price(till, opened)) == (1, 19_000)


async def test_a_price_known_too_late_waits_for_the_next_cycle(till: Till) -> None:
    await _running(till, 1)
    await _day(till, date(2026, 12, 10))
    await _version(till, 19_000, "2026-12-01")

    await _calendar(till)
    assert await _changes(till) == []
    await _day(till, date(2026, 12, 24))

    (change,) = await _changes(till)
    assert change.from_cycle_on == JANUARY


async def test_a_lower_price_is_told_and_holds_without_consent(till: Till) -> None:
    opened, ((_, bill), _) = await _running(till, 2)
    await _version(till, 15_000, "2026-12-01")

    await _day(till, date(2026, 12, 1))
    await _day(till, date(2026, 12, 16))

    (change,) = await _changes(till)
    assert (change.state, change.from_cycle_on, await _price(till, opened)) == (
        PriceChangeState.APPLIED,
        DECEMBER,
        15_000,
    )
    assert [one.amount_won for one in await _bills(till, bill)] == [4_250, 3_750]
    assert (await till.said("prices.lower"), await till.said("prices.host_lower")) == (2, 1)


async def test_an_open_cycle_keeps_its_price_and_who_joins_it_sees_both(till: Till) -> None:
    opened, _ = await _running(till, 1)
    change = await _propose(till, opened, 19_000)
    till.clock.move_to(till.clock.now() + timedelta(days=10))
    someone = await person(till.db, till.clock, "새이")

    async with till.db.read() as session:
        seen = (await flows.invitation(session, opened.code, someone.id, till.clock.now(), LIMITS)).quote
    assert seen.later is not None
    assert (seen.amount_won, seen.price_won) == (4_250 * 20 // 30, 17_000)
    assert (seen.later.amount_won, seen.later.from_on) == (4_750, DECEMBER)
    with pytest.raises(Outdated):
        await till.db.transact(flows.join_party, opened.code, someone, seen.amount_won, till.clock.now(), LIMITS)
    bill = await joins(till.db, till.clock, opened, someone)
    await till.pays(bill.id)
    await _day(till, date(2026, 12, 16))

    assert [one.amount_won for one in await _bills(till, bill)] == [2_833, 4_750]
    proofs = [proof.agreed for proof in await _consents(till) if proof.membership_id == bill.membership_id]
    assert (proofs, change.id) == ([True], (await _consents(till))[0].change_id)


async def test_who_joins_between_the_close_and_the_new_month_agrees_by_joining(till: Till) -> None:
    opened, ((someone, _),) = await _running(till, 1)
    change = await _propose(till, opened, 19_000)
    await _answers(till, change, someone, True)
    await _day(till, date(2026, 12, 17))

    bill = await joins(till.db, till.clock, opened)
    await till.pays(bill.id)
    await _calendar(till)

    assert [one.amount_won for one in await _bills(till, bill)] == [4_250 * 6 // 30, 4_750]


async def test_days_too_cheap_to_charge_bring_the_first_bill_at_the_new_price_and_bind_the_host(till: Till) -> None:
    opened, _ = await _running(till, 1)
    change = await _propose(till, opened, 19_000)
    till.clock.move_to(till.clock.now() + timedelta(days=20))
    dear = type(LIMITS)(provider_sandbox=True, smallest_bill_won=2_000)
    someone = await person(till.db, till.clock, "새이")
    async with till.db.write() as session:
        joined = await flows.join_party(session, opened.code, someone, 4_750, till.clock.now(), dear)

    assert (joined.bill.amount_won, joined.bill.serves_from) == (4_750, DECEMBER)
    with pytest.raises(Outdated):
        await till.db.transact(take_price_back, change.id, opened.host_id, till.clock.now())
    await till.pays(joined.bill.id)
    await _day(till, date(2026, 12, 16))

    assert (await membership(till.db, joined.bill)).state is MembershipState.ACTIVE


async def test_bills_open_only_after_the_consent_has_closed(till: Till) -> None:
    opened, ((_, bill),) = await _running(till, 1)
    await _propose(till, opened, 19_000)
    till.clock.move_to(seoul_instant(date(2026, 12, 17)))

    await till.db.transact(open_due_cycles, opened.id, date(2026, 12, 17), LIMITS, till.clock.now())

    assert len(await _bills(till, bill)) == 1
    async with till.db.read() as session:
        assert await session.scalar(select(func.count(Cycle.id))) == 1


async def test_the_host_takes_a_price_back_and_may_ask_for_another_one(till: Till) -> None:
    opened, ((someone, bill), _) = await _running(till, 2)
    change = await _propose(till, opened, 19_000)
    await _answers(till, change, someone, True)

    await till.db.transact(take_price_back, change.id, opened.host_id, till.clock.now())
    with pytest.raises(Outdated):
        await _answers(till, change, someone, True)
    again = await _propose(till, opened, 18_000)
    await _answers(till, again, someone, True)
    await _day(till, date(2026, 12, 16))

    assert await till.said("prices.withdrawn") == 2
    assert [one.amount_won for one in await _bills(till, bill)] == [4_250, 4_500]


async def test_the_catalogue_does_not_ask_again_what_the_host_has_decided(till: Till) -> None:
    opened, _ = await _running(till, 1)
    await _version(till, 19_000, "2026-12-01")
    await _day(till, date(2026, 11, 24))
    (change,) = await _changes(till)

    await till.db.transact(take_price_back, change.id, opened.host_id, till.clock.now())
    for day in range(1, 40, 3):
        await _day(till, date(2026, 11, 24) + timedelta(days=day))

    assert [one.state for one in await _changes(till)] == [PriceChangeState.WITHDRAWN]
    assert await _price(till, opened) == 17_000


async def test_a_price_is_proposed_by_the_host_within_bounds_and_once(till: Till) -> None:
    opened, ((someone, _),) = await _running(till, 1)

    for won in (17_000, 34_001, 399):
        with pytest.raises(InvalidInput):
            await till.db.transact(price_preview, opened.id, opened.host_id, won, till.clock.now(), LIMITS)
    with pytest.raises(NotYours):
        await till.db.transact(price_preview, opened.id, someone.id, 19_000, till.clock.now(), LIMITS)
    with pytest.raises(Outdated):
        await _propose(till, opened, 19_000, JANUARY)
    await _propose(till, opened, 19_000)
    with pytest.raises(InvalidInput):
        await _propose(till, opened, 18_000, JANUARY)


async def test_who_joins_agrees_only_to_the_price_they_were_shown_and_is_asked_about_the_one_after_it(
    till: Till,
) -> None:
    opened, ((someone, _),) = await _running(till, 1, anchor_day=1)
    february, march = date(2027, 2, 1), date(2027, 3, 1)
    await _day(till, date(2027, 1, 10))
    first = await _propose(till, opened, 19_000, february)
    await _answers(till, first, someone, True)
    await _day(till, date(2027, 1, 30))  # February is decided, and March is thirty days ahead
    second = await _propose(till, opened, 21_000, march)

    newcomer = await person(till.db, till.clock, "새봄")
    bill = await joins(till.db, till.clock, opened, newcomer)

    answers = {one.change_id: one.agreed for one in await _consents(till) if one.membership_id == bill.membership_id}
    assert answers == {first.id: True, second.id: None}
    till.clock.move_to(till.clock.now() + timedelta(hours=12))
    assert (newcomer.id, "prices.asked") in await till.sends()


async def test_a_host_asks_nobody_earlier_than_thirty_days_ahead_and_is_told_from_when_on(till: Till) -> None:
    opened, ((someone, _),) = await _running(till, 1)
    await _day(till, date(2026, 12, 10))  # too late for December: there would be less than a week to answer

    with pytest.raises(InvalidInput) as refused:
        await _propose(till, opened, 19_000, JANUARY)
    assert refused.value.facts["field"] == "price_early"
    assert refused.value.facts["from_on"] == JANUARY
    assert await _changes(till) == []
    asks_on = refused.value.facts["ask_on"]
    assert asks_on == JANUARY - timedelta(days=30)

    await _day(till, date(2026, 12, 24))
    change = await _propose(till, opened, 19_000, JANUARY)
    await _answers(till, change, someone, True)


async def test_a_lower_price_need_not_wait_for_the_thirty_days(till: Till) -> None:
    opened, _ = await _running(till, 1)
    await _day(till, date(2026, 12, 17))  # December's bills are open: it holds from January on

    await _propose(till, opened, 15_000, JANUARY)

    assert [one.state for one in await _changes(till)] == [PriceChangeState.APPLIED]


async def test_nobody_else_answers(till: Till) -> None:
    opened, _ = await _running(till, 1)
    change = await _propose(till, opened, 19_000)
    host = await _host(till, opened)

    with pytest.raises(NotMember):
        await _answers(till, change, await person(till.db, till.clock, "낯선이"), True)
    with pytest.raises(Outdated):
        await _answers(till, change, host, True)


async def _host(till: Till, opened: Party) -> Person:
    async with till.db.read() as session:
        return await session.get_one(Person, opened.host_id)


async def test_a_member_who_takes_a_leave_back_is_asked(till: Till) -> None:
    opened, ((someone, bill), _) = await _running(till, 2)
    await till.db.transact(leave_party, opened.id, someone.id, till.clock.now(), LIMITS)
    change = await _propose(till, opened, 19_000)
    assert await till.said("prices.asked") == 1

    await till.db.transact(stay_after_all, opened.id, someone.id, till.clock.now())
    assert await till.said("prices.asked") == 2
    await _answers(till, change, someone, True)
    await _day(till, date(2026, 12, 16))

    assert [one.amount_won for one in await _bills(till, bill)] == [4_250, 4_750]


async def test_an_ended_party_asks_nobody_any_more(till: Till) -> None:
    opened, ((someone, _),) = await _running(till, 1)
    change = await _propose(till, opened, 19_000)
    await till.db.transact(flows.end_party, opened.id, opened.host_id, 0, till.clock.now(), LIMITS, at_once=False)

    await _calendar(till)

    assert [one.state for one in await _changes(till)] == [PriceChangeState.WITHDRAWN]
    with pytest.raises(Outdated):
        await _answers(till, change, someone, True)


async def test_all_replicas_at_once_close_once(till: Till) -> None:
    opened, ((yes, bill), _) = await _running(till, 2)
    change = await _propose(till, opened, 19_000)
    await _answers(till, change, yes, True)
    till.clock.move_to(seoul_instant(date(2026, 12, 16)) + timedelta(minutes=1))

    await asyncio.gather(*(_calendar(till) for _ in range(6)))

    assert (await till.said("prices.leaving"), await till.said("prices.applied")) == (1, 1)
    assert [one.amount_won for one in await _bills(till, bill)] == [4_250, 4_750]


async def test_people_who_join_while_it_closes_agree_or_see_it_anew(till: Till) -> None:
    opened, _ = await _running(till, 1, plan="tving-premium-extra-3")
    await _propose(till, opened, 36_000)
    late = [await person(till.db, till.clock, f"늦은{n}") for n in range(2)]
    till.clock.move_to(seoul_instant(date(2026, 12, 16)) + timedelta(minutes=1))

    await asyncio.gather(_calendar(till), *(joins(till.db, till.clock, opened, one) for one in late))

    async with till.db.read() as session:
        joined = select(PriceConsent.agreed).join(Membership, Membership.id == PriceConsent.membership_id)
        agreed = (await session.scalars(joined.where(Membership.person_id.in_([one.id for one in late])))).all()
    assert list(agreed) == [True, True]


async def test_over_a_year_with_a_new_price_every_share_is_even_and_sums_to_the_price(till: Till) -> None:
    opened, inside = await _running(till, 2, seats=3)
    change = None
    month = DECEMBER
    for number in range(1, 13):
        if number == 5:
            await _day(till, month - timedelta(days=29))
            change = await _propose(till, opened, 20_000, month)
            for someone, _ in inside:
                await _answers(till, change, someone, True)
        await _day(till, month - timedelta(days=7))
        for _, bill in inside:
            await till.pays((await _bills(till, bill))[-1].id)
        month = (month.replace(day=1) + timedelta(days=32)).replace(day=23)

    assert change is not None
    for price, months in ((17_000, range(1, 5)), (20_000, range(5, 13))):
        shares = [[(await _bills(till, bill))[n].amount_won for n in months] for _, bill in inside]
        hosts = [price - sum(each) for each in zip(*shares, strict=True)]
        assert {price // 3, price // 3 + 1} >= {*hosts, *shares[0], *shares[1]}
    assert await till.held() == sum([bill.amount_won for _, first in inside for bill in await _bills(till, first)])


async def test_a_party_shows_the_price_of_the_running_cycle_with_the_decided_one_beside_it(till: Till) -> None:
    opened, inside = await _running(till, members=1)
    change = await _propose(till, opened, 19_000)
    await _answers(till, change, inside[0][0], agreed=True)

    async def shown(day: date) -> tuple[int, date | None]:
        async with till.db.read() as session:
            won, coming = (await flows.party_card(session, opened.id)).prices_on(day)
        return won, coming.from_cycle_on if coming else None

    # while it is asked, it is not decided; a week before its first cycle it is
    assert await shown(seoul_date(till.clock.now())) == (17_000, None)
    await _day(till, date(2026, 12, 16))
    assert await _price(till, opened) == 19_000
    assert await shown(date(2026, 12, 16)) == await shown(date(2026, 12, 22)) == (17_000, DECEMBER)
    assert await shown(DECEMBER) == (19_000, None)
