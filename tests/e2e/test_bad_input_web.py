"""Forged, stale and lying requests to payment page and hooks, and no database behind them (docs/bad-input.md)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from html import unescape
from io import BytesIO
from itertools import count
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from sqlalchemy import select, update

from bot.app import Two
from bot.demo import free_port
from bot.web.links import LIFETIME
from bot.web.telegram_hook import HEADER
from core.billing import Attempt, Bill, BillState
from core.billing.tables import Hint
from core.db import Database
from core.parties import Party
from tests import builders
from tests.bad_input import Row, bad_input
from tests.e2e.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")

TWO_MEGABYTES = b" " * 2 * 1024 * 1024
_update_ids = count(900_000_001)


async def ask(method: str, url: str, **how: Any) -> tuple[int, str]:
    """Return the status and the text of an answer, at the end of every redirect."""
    async with aiohttp.ClientSession() as browser, browser.request(method, url, **how) as answer:
        if answer.content_type == "application/json":
            return answer.status, json.dumps(await answer.json(), ensure_ascii=False)
        return answer.status, unescape(await answer.text())


async def answers(row: Row, method: str, url: str, **how: Any) -> None:
    """Ask, and compare the answer with the row of the table."""
    status, text = await ask(method, url, **how)
    assert (status, row.words in text) == (row.status, True), text


def own_page(stage: Stage) -> dict[str, str]:
    """Return the headers that a browser sends from the payment page itself."""
    return {"Origin": stage.world.demo.two.settings.public_url, "Sec-Fetch-Site": "same-origin"}


def changed_bit(link: str) -> str:
    """Return the link with one bit of its signature changed."""
    return f"{link[:-5]}{chr(ord(link[-5]) ^ 1)}{link[-4:]}"


def spliced(link: str, other: str) -> str:
    """Return the bill of one link with the signature of the other."""
    return f"{link.rpartition('.')[0]}.{other.rpartition('.')[2]}"


Forge = Callable[[Stage], str]


@bad_input(
    {
        "pay-rubbish": lambda s: f"{s.world.demo.two.settings.public_url}/pay/rubbish",
        "pay-bit": lambda s: changed_bit(s.facts["open_link"]),
        "pay-cut": lambda s: s.facts["open_link"][:-1],
        "pay-spliced": lambda s: (
            s.facts["open_link"].rpartition(".")[0] + "." + s.facts["paid_link"].rpartition(".")[2]
        ),
        "pay-unknown-bill": lambda s: s.world.demo.two.pay_links.url(99_999, s.world.demo.now()),
        "pay-expired": lambda s: s.world.demo.two.pay_links.url(1, s.world.demo.now() - LIFETIME),
        "pay-void": lambda s: s.facts["void_link"],
        "pay-paid": lambda s: s.facts["paid_link"],
        "pay-language": lambda s: f"{s.facts['open_link']}?lang=<script>alert(1)</script>",
        "pay-news": lambda s: f"{s.facts['open_link']}?news=<script>alert(1)</script>",
        "return-bare": lambda s: f"{s.facts['open_link']}/return",
        "return-junk": lambda s: f"{s.facts['open_link']}/return?receipt_id=';--",
        "return-claims": lambda s: f"{s.facts['open_link']}/return?event=done&status=1&price=1&order_id=two_2_1_x",
        "return-error": lambda s: f"{s.facts['open_link']}/return?event=error&message=<script>alert(1)</script>",
        "return-forged": lambda s: f"{changed_bit(s.facts['open_link'])}/return?receipt_id={'0' * 24}",
    }
)
async def test_a_link_says_what_it_is_and_pays_nothing(stage: Stage, row: Row, act: Forge) -> None:
    async with stage.nothing_changes():
        status, text = await ask("GET", act(stage))

    assert (status, row.words in text) == (row.status, True), text
    assert "<script>alert" not in text
    assert ('id="pay"' in text) == ("요금 결제" in row.words or row.id == "return-error")


@bad_input(["return-unknown", "return-other-receipt"])
async def test_a_receipt_that_is_not_this_bills_pays_nothing(stage: Stage, row: Row) -> None:
    async with stage.world.demo.two.db.read() as session:
        receipt = await session.scalar(select(Attempt.receipt_id).where(Attempt.bill_id == stage.facts["paid_bill"]))
    if row.id == "return-unknown":
        receipt = "0" * 24

    # The other bill's party and room are looked after once more, which nobody sees.
    async with stage.nothing_changes("money_record", "party", "room"):
        await answers(row, "GET", f"{stage.facts['open_link']}/return?receipt_id={receipt}")


@asynccontextmanager
async def being_approved(stage: Stage) -> AsyncIterator[None]:
    """Let a payment of the open bill be under way in another window."""
    of_it = update(Bill).where(Bill.id == stage.facts["open_bill"])
    async with stage.world.demo.two.db.write() as session:
        await session.execute(of_it.values(approving_attempt=1, approving_since=stage.world.demo.now()))
    yield
    async with stage.world.demo.two.db.write() as session:
        await session.execute(of_it.values(approving_attempt=None, approving_since=None))


@bad_input(["pay-busy", "attempt-busy"])
async def test_while_a_payment_is_approved_there_is_no_second_one(stage: Stage, row: Row) -> None:
    link = stage.facts["open_link"]

    async with being_approved(stage), stage.nothing_changes():
        if row.id == "pay-busy":
            await answers(row, "GET", link)
        else:
            await answers(row, "POST", f"{link}/attempt", headers=own_page(stage))


@bad_input(
    {
        "attempt-forged": lambda s: changed_bit(s.facts["open_link"]),
        "attempt-paid": lambda s: s.facts["paid_link"],
        "attempt-void": lambda s: s.facts["void_link"],
    }
)
async def test_what_cannot_be_paid_begins_no_attempt(stage: Stage, row: Row, act: Forge) -> None:
    async with stage.nothing_changes():
        await answers(row, "POST", f"{act(stage)}/attempt", headers=own_page(stage))


@bad_input(["attempt-elsewhere"])
async def test_another_site_begins_no_attempt(stage: Stage, row: Row) -> None:
    headers = {"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"}

    async with stage.nothing_changes():
        await answers(row, "POST", f"{stage.facts['open_link']}/attempt", headers=headers)


@bad_input(["attempt-get"])
async def test_looking_at_the_address_of_an_attempt_begins_none(stage: Stage, row: Row) -> None:
    async with stage.nothing_changes():
        await answers(row, "GET", f"{stage.facts['open_link']}/attempt")


async def new_link(stage: Stage, name: str) -> tuple[int, str]:
    """Let somebody new hold a seat; return their bill and its link."""
    demo = stage.world.demo
    async with demo.two.db.read() as session:
        early = await session.get_one(Party, stage.facts["early"])
    await stage.newcomer(name)
    bill = await builders.joins(demo.two.db, demo.clock, early, await stage.person(name))
    return bill.id, demo.two.pay_links.url(bill.id, demo.now())


@bad_input(["attempt-flood"])
async def test_an_eleventh_attempt_within_a_minute_is_told_to_wait(stage: Stage, row: Row) -> None:
    bill_id, link = await new_link(stage, "성급이")
    for _ in range(10):
        assert (await ask("POST", f"{link}/attempt", headers=own_page(stage)))[0] == 200

    async with stage.nothing_changes():
        await answers(row, "POST", f"{link}/attempt", headers=own_page(stage))

    assert await stage.count(Attempt, Attempt.bill_id == bill_id) == 10


@bad_input(["return-less"])
async def test_a_window_opened_for_less_pays_nothing(stage: Stage, row: Row) -> None:
    bill_id, link = await new_link(stage, "깎은이")
    gateway = stage.world.demo.bootpay.url
    async with aiohttp.ClientSession() as browser:
        async with browser.post(f"{link}/attempt", headers=own_page(stage)) as answer:
            wish = await answer.json()
        forged = {"payload": wish | {"price": 100}, "action": "approve"}
        async with browser.post(f"{gateway}/sandbox/pay", json=forged) as window:
            back = (await window.json())["redirect_url"]

    await answers(row, "GET", back)

    assert await stage.count(Bill, Bill.id == bill_id, Bill.state == BillState.OPEN) == 1
    assert await stage.count(Attempt, Attempt.bill_id == bill_id, Attempt.state == "failed") == 1


@bad_input(["pay-flood"])
async def test_a_flood_of_looks_is_told_to_wait(stage: Stage, row: Row) -> None:
    _, link = await new_link(stage, "새로고침")
    for _ in range(30):
        assert (await ask("GET", link))[0] == 200

    async with stage.nothing_changes():
        await answers(row, "GET", link)


def hook(stage: Stage, name: str) -> str:
    """Return the address of a hook."""
    return f"{stage.world.demo.two.settings.public_url}/{name}/webhook"


def secret(stage: Stage) -> dict[str, str]:
    """Return the header that Telegram sends."""
    return {HEADER: stage.world.demo.two.settings.webhook_secret}


def words_of(stage: Stage, text: str, name: str = "지우", chat: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the update that a message of somebody becomes."""
    sender = {"id": stage[name].id, "is_bot": False, "first_name": name, "language_code": "ko"}
    command = [{"type": "bot_command", "offset": 0, "length": len(text)}] if text.startswith("/") else []
    here = chat or {"id": stage[name].id, "type": "private", "first_name": name}
    message = {"message_id": 1, "date": 1, "chat": here, "from": sender, "text": text, "entities": command}
    return {"update_id": next(_update_ids), "message": message}


@bad_input(["telegram-no-secret", "telegram-wrong-secret"])
async def test_without_telegrams_secret_nothing_is_heard(stage: Stage, row: Row) -> None:
    headers = {} if row.id == "telegram-no-secret" else {HEADER: "0" * 64}
    said = len(await stage["지우"].reads())

    async with stage.nothing_changes():
        await answers(row, "POST", hook(stage, "telegram"), json=words_of(stage, "/newparty"), headers=headers)
        await stage.world.settled()
    assert len(await stage["지우"].reads()) == said


@bad_input(
    {
        "telegram-form": ("application/x-www-form-urlencoded", b"update_id=1"),
        "telegram-no-json": ("application/json", b"{"),
        "telegram-list": ("application/json", b"[1]"),
        "telegram-no-id": ("application/json", b'{"message": {}}'),
        "telegram-huge": ("application/json", TWO_MEGABYTES),
        "telegram-empty": ("application/json", b'{"update_id": 899999999, "something_new": {}}'),
    }
)
async def test_what_is_no_update_is_refused(stage: Stage, row: Row, act: tuple[str, bytes]) -> None:
    content_type, body = act

    async with stage.nothing_changes():
        headers = secret(stage) | {"Content-Type": content_type}
        await answers(row, "POST", hook(stage, "telegram"), data=BytesIO(body), headers=headers)


@bad_input(["telegram-get", "bootpay-get"])
async def test_hooks_are_not_looked_at(stage: Stage, row: Row) -> None:
    async with stage.nothing_changes():
        await answers(row, "GET", hook(stage, row.id.split("-")[0]))


@bad_input(["telegram-group"])
async def test_a_group_gets_no_answer(stage: Stage, row: Row) -> None:
    group = {"id": -1_000_000_000_001, "type": "supergroup", "title": "영화 모임"}

    async with stage.nothing_changes():
        await answers(
            row, "POST", hook(stage, "telegram"), json=words_of(stage, "/my", chat=group), headers=secret(stage)
        )
        await stage.world.settled()


@bad_input(["telegram-repeat"])
async def test_the_same_update_twice_is_done_once(stage: Stage, row: Row) -> None:
    same = words_of(stage, "/help")
    said = len(await stage["지우"].reads())

    for _ in range(2):
        await answers(row, "POST", hook(stage, "telegram"), json=same, headers=secret(stage))

    await stage.world.settled()
    assert len(await stage["지우"].reads()) == said + 1


@bad_input(
    {
        "bootpay-no-json": b"{",
        "bootpay-no-receipt": b'{"status": 1}',
        "bootpay-junk-receipt": b'{"receipt_id": "x\' OR 1=1 --"}',
        "bootpay-huge": TWO_MEGABYTES,
    }
)
async def test_an_unusable_notice_is_refused(stage: Stage, row: Row, act: bytes) -> None:
    async with stage.nothing_changes():
        headers = {"Content-Type": "application/json"}
        await answers(row, "POST", hook(stage, "bootpay"), data=BytesIO(act), headers=headers)


@bad_input(["bootpay-unknown", "bootpay-lies"])
async def test_a_lying_notice_is_only_a_hint(stage: Stage, row: Row) -> None:
    receipt = f"{row.id:0>24}"
    lie = {"receipt_id": receipt, "order_id": "two_2_1_x", "status": 1, "price": 8500, "webhook_type": "paid"}
    notice = {"receipt_id": receipt} if row.id == "bootpay-unknown" else lie

    async with stage.nothing_changes("hint"):
        await answers(row, "POST", hook(stage, "bootpay"), json=notice)
        await stage.world.settled()
    assert await stage.count(Hint, Hint.receipt_id == receipt) == 1


@asynccontextmanager
async def without_database(stage: Stage) -> AsyncIterator[str]:
    """Serve the product on a database that nobody can reach; give its address."""
    demo = stage.world.demo
    db = Database(f"mysql+aiomysql://two@127.0.0.1:{free_port()}/two")
    lonely = Two(demo.two.settings, db, demo.clock, demo.two.telegram)
    async with TestServer(lonely.web) as server:
        yield str(server.make_url("")).rstrip("/")
    await lonely.stop()
    await db.close()


@bad_input(["away-telegram"])
async def test_what_comes_while_the_database_is_away_is_done_when_it_is_back(stage: Stage, row: Row) -> None:
    sent = words_of(stage, "/help")
    said = len(await stage["지우"].reads())

    async with stage.nothing_changes(), without_database(stage) as url:
        await answers(row, "POST", f"{url}/telegram/webhook", json=sent, headers=secret(stage))
    status, _ = await ask("POST", hook(stage, "telegram"), json=sent, headers=secret(stage))

    await stage.world.settled()
    assert status == 200
    assert len(await stage["지우"].reads()) == said + 1


@bad_input(
    {
        "away-bootpay": ("POST", "/bootpay/webhook"),
        "away-pay": ("GET", "/pay/{token}"),
        "away-attempt": ("POST", "/pay/{token}/attempt"),
        "away-ready": ("GET", "/readyz"),
    }
)
async def test_without_a_database_everybody_is_asked_to_come_again(
    stage: Stage, row: Row, act: tuple[str, str]
) -> None:
    method, path = act
    token = stage.facts["open_link"].rpartition("/")[2]
    body = {"json": {"receipt_id": "0" * 24}} if "bootpay" in path else {}

    async with stage.nothing_changes(), without_database(stage) as url:
        await answers(row, method, url + path.format(token=token), headers=own_page(stage), **body)

        assert (await ask("GET", f"{url}/healthz"))[0] == 200
