"""A host's money in words: what is set off is said, and account numbers only by their last four digits."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from bot.screen import TEXT_UNITS
from bot.texts import SPEECH
from bot.views import payouts as views
from core.billing import (
    BANKS,
    AccountState,
    Bill,
    BillState,
    Cycle,
    CyclePayments,
    PayoutAccount,
    PayoutBoard,
    PayoutCard,
    PayoutState,
)
from core.billing.tables import Payout
from core.catalogue import Plan, Service
from core.flows import PartyCard
from core.parties import Party, PartyState, Prices
from core.people import Person

NOW = datetime(2026, 12, 23, 3, tzinfo=UTC)
ACCOUNT = PayoutAccount(id=1, person_id=1, bank="004", last4="9012", state=AccountState.VERIFIED, current=True)


def card(set_off_won: int) -> PayoutCard:
    payout = Payout(id=1, person_id=1, account_id=1, amount_won=4250, state=PayoutState.EXPORTED)
    return PayoutCard(payout, ACCOUNT, set_off_won)


@pytest.mark.parametrize(
    ("language", "told"), [("ko", "지난 환불 4,250원을 뺀 금액이에요."), ("en", "Earlier refunds of ₩4,250")]
)
def test_what_earlier_refunds_took_is_said_with_the_payout(language: str, told: str) -> None:
    say = SPEECH[language]

    assert told in views.on_its_way(say, card(4250)).text
    assert told not in views.on_its_way(say, card(0)).text


@pytest.mark.parametrize("state", [AccountState.PENDING, AccountState.VERIFIED, AccountState.REFUSED])
@pytest.mark.parametrize("language", ["ko", "en"])
def test_every_state_of_an_account_has_its_sentence(language: str, state: AccountState) -> None:
    account = PayoutAccount(id=1, person_id=1, bank="004", last4="9012", state=state, current=True)
    money = PayoutBoard(account=account, coming=[], owed_won=0, under_way=None, paid_won=0)

    shown = views.board(SPEECH[language], money, {}, NOW.date(), offered=True)

    assert "****9012" in shown.text
    assert shown.rows


@pytest.mark.parametrize("language", ["ko", "en"])
def test_without_keys_no_account_is_offered(language: str) -> None:
    money = PayoutBoard(account=None, coming=[], owed_won=4250, under_way=None, paid_won=0)

    assert views.board(SPEECH[language], money, {}, NOW.date(), offered=False).rows == ()


@pytest.mark.parametrize("language", ["ko", "en"])
def test_every_bank_has_a_name_and_fits_its_button(language: str) -> None:
    buttons = [button for row in views.banks(SPEECH[language]).rows for button in row]

    assert len({button.text for button in buttons}) == len(BANKS) == 22


def _hosted() -> tuple[PartyCard, bool, list[CyclePayments]]:
    """Return a host's party with two months that six members have and have not paid."""
    service = Service(id=1, slug="netflix", name_ko="넷플릭스", name_en="Netflix", emoji="🔴")
    plan = Plan(id=1, service_id=1, name_ko="프리미엄", name_en="Premium")
    months = []
    for month in (12, 1):
        cycle = Cycle(id=month, party_id=1, starts_on=date(2026, month, 23), ends_on=date(2027, month % 12 + 1, 23))
        bills = [
            (
                Bill(id=n, amount_won=4250, credit_won=0, due_on=cycle.starts_on, state=BillState.OPEN),
                Person(nickname="하" * 20),
            )
            for n in range(6)
        ]
        months.append(CyclePayments(cycle, bills))
    party = Party(id=1, state=PartyState.ACTIVE)
    return PartyCard(party, plan, service, Person(id=1), [], Prices(17_000)), True, months


def test_a_host_of_many_parties_reads_them_in_as_many_messages_as_it_takes() -> None:
    screens = views.status(SPEECH["ko"], [_hosted() for _ in range(20)], NOW.date())

    assert len(screens) > 1
    assert all(len(screen.text.encode("utf-16-le")) // 2 <= TEXT_UNITS for screen in screens)
    assert sum(screen.text.count("하" * 20) for screen in screens) == 20 * 12
