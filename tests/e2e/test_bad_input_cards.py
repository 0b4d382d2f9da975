"""Forged, stale and lying ways to a card on file: none registers, none stops (docs/bad-input.md)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

from core import billing
from core.billing import Attempt, Card
from tests.bad_input import Row, bad_input
from tests.e2e.stage import Stage
from tests.e2e.test_bad_input_web import answers, ask, changed_bit, own_page

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def asks(stage: Stage, name: str) -> Card:
    """Let somebody agree to automatic payment."""
    two, clock = stage.world.demo.two, stage.world.demo.clock
    person = await stage.person(name)
    return await two.db.transact(billing.ask_for_card, person.id, billing.AUTOPAY_VERSION, clock.now())


def window(stage: Stage, card: Card, action: str = "approve") -> str:
    """Go through Bootpay's window; return the receipt."""
    payload = {
        "client_key": stage.world.demo.two.settings.bootpay_client_key.get_secret_value(),
        "order_name": "카드 등록",
        "subscription_id": billing.new_window(card),
        "price": 0,
        "method": "카드자동",
        "extra": {"open_type": "redirect", "redirect_url": "http://127.0.0.1/back"},
    }
    return parse_qs(urlsplit(stage.world.demo.bootpay.register_card(payload, action)).query)["receipt_id"][0]


async def registers(stage: Stage, name: str) -> Card:
    """Put somebody's card on file."""
    two, card = stage.world.demo.two, await asks(stage, name)
    assert two.settings.seal is not None
    await billing.register_card(two.db, two.bootpay, two.clock, two.settings.seal, card.id, window(stage, card))
    return card


async def with_cards(stage: Stage) -> Stage:
    """Put cards on the stage, once: 지우 was asked for one, 하늘 has one, 바다 has stopped theirs."""
    if "asked_card" not in stage.facts:
        two = stage.world.demo.two
        asked, active, stopped = (
            await asks(stage, "지우"),
            await registers(stage, "하늘"),
            await registers(stage, "바다"),
        )
        await two.db.transact(billing.stop_autopay, stopped.person_id, stopped.id, two.clock.now())
        await stage.world.settled()
        stage.facts |= {f"{name}_card": card.id for name, card in zip(NAMES, (asked, active, stopped), strict=True)}
    return stage


NAMES = ("asked", "active", "stopped")


def link(stage: Stage, name: str) -> str:
    """Return the link of one of the cards."""
    return stage.world.demo.two.card_links.url(stage.facts[f"{name}_card"], stage.world.demo.now())


def token(address: str) -> str:
    """Return the last part of an address."""
    return address.rpartition("/")[2]


Forge = Callable[[Stage], str]


def home(stage: Stage) -> str:
    """Return the address of the bot."""
    return stage.world.demo.two.settings.public_url


@bad_input(
    {
        "card-rubbish": lambda s: f"{home(s)}/card/rubbish",
        "card-bit": lambda s: changed_bit(link(s, "asked")),
        "card-pay-token": lambda s: f"{home(s)}/card/{token(s.facts['open_link'])}",
        "card-token-pays": lambda s: f"{home(s)}/pay/{token(link(s, 'asked'))}",
        "card-unknown": lambda s: s.world.demo.two.card_links.url(99_999, s.world.demo.now()),
        "card-expired": lambda s: s.world.demo.two.card_links.url(
            s.facts["asked_card"], s.world.demo.now() - timedelta(hours=2)
        ),
        "card-stopped": lambda s: link(s, "stopped"),
        "card-news": lambda s: f"{link(s, 'asked')}?news=<script>alert(1)</script>",
        "card-return-bare": lambda s: f"{link(s, 'asked')}/return",
        "card-return-junk": lambda s: f"{link(s, 'asked')}/return?receipt_id=';--",
        "card-return-claims": lambda s: f"{link(s, 'asked')}/return?event=done&status=11&billing_key=abc",
        "card-return-unknown": lambda s: f"{link(s, 'asked')}/return?event=done&receipt_id={'0' * 24}",
    }
)
async def test_a_link_of_a_card_says_what_it_is_and_registers_nothing(stage: Stage, row: Row, act: Forge) -> None:
    await with_cards(stage)

    async with stage.nothing_changes():
        status, text = await ask("GET", act(stage))

    assert (status, row.words in text) == (row.status, True), text
    assert "<script>alert" not in text


@bad_input(["card-return-payment", "card-return-declined", "card-return-others"])
async def test_a_receipt_that_is_not_this_cards_registers_nothing(stage: Stage, row: Row) -> None:
    await with_cards(stage)
    async with stage.world.demo.two.db.read() as session:
        asked = await session.get_one(Card, stage.facts["asked_card"])
        theirs = await session.get_one(Card, stage.facts["active_card"])
        paid = await session.scalar(select(Attempt.receipt_id).where(Attempt.receipt_id.is_not(None)).limit(1))
    receipts = {
        "card-return-payment": paid,
        "card-return-declined": window(stage, asked, "decline"),
        "card-return-others": window(stage, theirs),
    }

    async with stage.nothing_changes():
        await answers(row, "GET", f"{link(stage, 'asked')}/return?event=done&receipt_id={receipts[row.id]}")


@bad_input(["card-elsewhere", "card-window-forged", "card-window-over"])
async def test_a_window_that_may_not_open_does_not(stage: Stage, row: Row) -> None:
    await with_cards(stage)
    address = {
        "card-elsewhere": link(stage, "asked"),
        "card-window-forged": changed_bit(link(stage, "asked")),
        "card-window-over": link(stage, "active"),
    }[row.id]
    elsewhere = {"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"}

    async with stage.nothing_changes():
        headers = elsewhere if row.id == "card-elsewhere" else own_page(stage)
        await answers(row, "POST", f"{address}/attempt", headers=headers)


@bad_input(
    {
        "autopay-shortened": ("지우", "autopayok"),
        "autopay-teen": ("이슬", f"autopayok:{billing.AUTOPAY_VERSION}"),
        "autopay-old-words": ("지우", "autopayok:2001-01"),
        "autopay-stop-word": ("하늘", "autostopok:abc"),
        "autopay-stop-stranger": ("지우", "autostopok:{active_card}"),
        "autopay-stop-again": ("바다", "autostopok:{stopped_card}"),
    }
)
async def test_a_forged_button_of_automatic_payment_changes_nothing(
    stage: Stage, row: Row, act: tuple[str, str]
) -> None:
    await with_cards(stage)
    who, data = act

    async with stage.nothing_changes():
        await stage[who].forges(data.format(**stage.facts))

        await stage[who].toast(row.words)
        if row.id == "autopay-old-words":
            await stage[who].sees("동의하고 카드 등록하기")
