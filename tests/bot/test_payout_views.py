"""A host's money in words: what is set off is said, and account numbers only by their last four digits."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.texts import SPEECH
from bot.views import payouts as views
from core.billing import BANKS, AccountState, PayoutAccount, PayoutBoard, PayoutCard, PayoutState
from core.billing.tables import Payout

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
