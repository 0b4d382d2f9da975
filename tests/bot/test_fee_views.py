"""The operator's fee stands in the first price that anybody sees, and nowhere when there is none."""

from __future__ import annotations

from datetime import date

import pytest

from bot.texts import SPEECH
from bot.views import parties as views
from bot.views import pay
from core.billing import BillCard, Limits, bill_card, quote
from core.clock import ManualClock
from core.dates import seoul_date
from core.db import Database
from core.flows import invitation, join_party, party_card
from core.parties import Party, Prices
from tests.builders import party, person

FEE = Limits(operator_fee_bp=500)
KO, EN = SPEECH["ko"], SPEECH["en"]


async def _listed(db: Database, clock: ManualClock, *, listed: bool) -> Party:
    opened = await party(db, clock)
    async with db.write() as session:
        mine = await session.get_one(Party, opened.id)
        mine.listed = listed
    return mine


async def test_a_listed_party_shows_share_fee_and_total_before_anything_is_agreed(
    db: Database, clock: ManualClock
) -> None:
    opened = await _listed(db, clock, listed=True)
    someone = await person(db, clock)
    async with db.read() as session:
        seen = await invitation(session, opened.code, someone.id, clock.now(), FEE)
        card = await party_card(session, opened.id)

    text = views.invitation(KO, seen).text
    shared = views.share_card(EN, card, seen.quote, "https://t.me/x").text

    assert (seen.quote.share_won, seen.quote.fee_won, seen.quote.amount_won) == (4_250, 212, 4_462)
    for told in (
        "한 사람 월 <b>4,250원</b>",
        "수수료 212원을 더해 매달 4,462원",
        "지금 낼 금액 4,462원",
        "+ 수수료 212원 = 4,462원",
    ):
        assert told in text
    assert "service fee of ₩212 that is ₩4,462 a month" in shared


async def test_the_bill_and_its_page_say_how_the_fee_came_to_it(db: Database, clock: ManualClock) -> None:

    opened = await _listed(db, clock, listed=True)
    someone = await person(db, clock)
    async with db.write() as session:
        joined = await join_party(session, opened.code, someone, 4_462, clock.now(), FEE)
    async with db.read() as session:
        card: BillCard = await bill_card(session, joined.bill.id)

    page = pay.bill_page(KO, card)

    assert page.amount == ("결제 금액", "4,462원")
    assert "TWO 이용 수수료 212원을 더해 4,462원이에요." in page.how


async def test_a_private_party_is_free_of_the_fee_and_says_nothing_of_it(db: Database, clock: ManualClock) -> None:
    opened = await _listed(db, clock, listed=False)
    someone = await person(db, clock)
    async with db.read() as session:
        seen = await invitation(session, opened.code, someone.id, clock.now(), FEE)

    assert (seen.quote.fee_won, seen.quote.amount_won) == (0, 4_250)
    assert "수수료" not in views.invitation(KO, seen).text


@pytest.mark.parametrize(("listed", "monthly"), [(True, 4_462), (False, 4_250)])
async def test_inside_a_month_the_fee_is_on_the_days(
    db: Database, clock: ManualClock, listed: bool, monthly: int
) -> None:
    opened = await _listed(db, clock, listed=listed)

    offered = quote(opened, 1, date(2026, 12, 3), FEE, Prices(opened.price_won))

    assert offered.monthly_won == monthly
    assert offered.amount_won == 2_833 + (141 if listed else 0)
    assert seoul_date(clock.now()) < offered.serves_from
