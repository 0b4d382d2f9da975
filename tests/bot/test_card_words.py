"""What is said of cards on file when it is read late: nobody is promised a charge that will not come."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.recommending import Recommending
from bot.settings import load_settings
from bot.tap import Surroundings
from bot.texts import SPEECH
from bot.web.links import CARD_PURPOSE, PURPOSE, CardLinks, PayLinks
from bot.wording import Wording
from core.clock import ManualClock
from core.db import Database
from tests import cards
from tests.till import Till, till_open


async def _worded(till: Till, name: str, bill_id: int) -> str:
    settings = load_settings(
        telegram_token="1234567:" + "x" * 30,
        bootpay_client_key="client-key",
        bootpay_secret_key="secret-key",
        public_url="http://127.0.0.1",
    )
    pay = PayLinks(settings.public_url, [settings.derived_key(PURPOSE)])
    card = CardLinks(settings.public_url, [settings.derived_key(CARD_PURPOSE)])
    wording = Wording(Surroundings(settings, "TwoDemoBot", pay, card, Recommending()))
    async with till.db.read() as session:
        screen = await wording(session, till.clock.now(), SPEECH["ko"], name, {"bill": bill_id})
    return screen.text


@pytest.mark.parametrize(
    ("days", "tomorrow", "opened"),
    [
        (-1, "내일 <b>4,250원</b>이 자동으로 결제돼요", "12월 23일 (수)에 <b>하늘카드 1234</b>"),
        (1, "내일 <b>4,250원</b>이 자동으로 결제돼요", "12월 25일 (금)에 <b>하늘카드 1234</b>"),
        (2, "2일 지났어요", "12월 23일 (수)까지"),
        (9, "9일 지났어요", "12월 23일 (수)까지"),
    ],
)
async def test_news_of_a_charge_that_are_read_late_promise_none_that_will_not_come(
    db: Database, clock: ManualClock, days: int, tomorrow: str, opened: str
) -> None:
    async with till_open(db, clock) as till:
        bill = await cards.member_with_card(till)
        cards.at_ten(till, bill, days)
        till.clock.move_to(till.clock.now() + timedelta(hours=2))

        said = {name: await _worded(till, name, bill.id) for name in ("cards.tomorrow", "billing.opened")}

    assert tomorrow in said["cards.tomorrow"]
    assert opened in said["billing.opened"]
    for words in said.values():
        assert ("자동" in words) == (days < 2)
