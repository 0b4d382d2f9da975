"""The payment page over plain HTTP: what it shows, what it refuses, and that looking changes nothing."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from bot.views.pay import LOOKS
from bot.web import pay_page
from bot.web.linked import ATTEMPTS_A_MINUTE, VIEWS_A_MINUTE, WINDOW
from bot.web.links import LIFETIME
from bot.web.pages import private_headers
from core.adapters.bootpay import Bootpay, Receipt
from core.billing import Bill, BillState, plan_refund
from core.clock import ManualClock
from core.db import Database
from core.flows import expire_holds
from tests.bot.web.counter import Counter, counter_open
from tests.builders import LIMITS, days_pass, joins, open_bill, party, person
from tests.till import till_open


async def _expire(counter: Counter, bill: Bill) -> None:
    counter.till.clock.move_to(counter.till.clock.now() + LIMITS.hold)
    await counter.till.db.transact(expire_holds, bill.membership_id, bill.party_id, counter.till.clock.now())


async def _refund(counter: Counter, bill: Bill, won: int) -> None:
    async with counter.till.db.write() as session:
        fresh = await session.get_one(Bill, bill.id)
        await plan_refund(session, fresh, won, "left", counter.till.clock.now(), LIMITS)
    await counter.till.janitor()


async def test_an_open_bill_shows_plan_period_how_it_came_about_and_the_button(counter: Counter) -> None:
    opened = await party(counter.till.db, counter.till.clock, seats=3)
    days_pass(counter.till.clock, 10)
    bill = await joins(counter.till.db, counter.till.clock, opened)

    status, page = await counter.get(counter.path(bill.id))

    assert status == 200
    for shown in (
        "넷플릭스 프리미엄",
        "12월 3일 (목) ~ 12월 22일 (화)",
        "월 17,000원을 3명이 나눠서 5,667원이에요.",
        "30일 중 20일만 이용하니까 3,778원만 내면 돼요.",
        "3,778원 결제하기",
        "TWO는 통신판매중개자이며 통신판매의 당사자가 아닙니다.",
        "상호: 투게더 &lt;주&gt; · 대표: 홍길동",
        'href="https://t.me/two_test_bot"',
    ):
        assert shown in page


async def test_the_page_tells_nothing_of_anybody_else(counter: Counter) -> None:
    host = await person(counter.till.db, counter.till.clock, "비밀호스트")
    opened = await party(counter.till.db, counter.till.clock, host)
    await joins(
        counter.till.db, counter.till.clock, opened, await person(counter.till.db, counter.till.clock, "다른이")
    )
    bill = await joins(counter.till.db, counter.till.clock, opened)

    _, page = await counter.get(counter.path(bill.id))

    assert "비밀호스트" not in page
    assert "다른이" not in page
    assert opened.code not in page


@pytest.mark.parametrize(("language", "query", "shown"), [("en", "", "Pay ₩4,250"), ("ko", "?lang=en", "Pay ₩4,250")])
async def test_the_page_speaks_the_persons_language_or_the_chosen_one(
    counter: Counter, language: str, query: str, shown: str
) -> None:
    someone = await person(counter.till.db, counter.till.clock, "Sky", language)
    bill = await joins(counter.till.db, counter.till.clock, await party(counter.till.db, counter.till.clock), someone)

    _, page = await counter.get(counter.path(bill.id) + query)

    assert shown in page
    assert '<html lang="en">' in page


async def test_looking_at_any_page_changes_no_row(counter: Counter) -> None:
    bill = await open_bill(counter.till.db, counter.till.clock)
    before = await counter.rows()

    for path in (counter.path(bill.id), counter.path(bill.id) + "?lang=en", counter.path(999), "/pay/forged"):
        await counter.get(path)
        async with counter.http.head(path) as response:
            assert response.status in (200, 404)

    assert await counter.rows() == before
    assert counter.nudges == []


async def test_everything_under_a_link_is_private(counter: Counter) -> None:
    bill = await open_bill(counter.till.db, counter.till.clock)
    bootpay = counter.till.stand_in.url

    for path, opens_window in ((counter.path(bill.id), True), ("/pay/forged", False)):
        async with counter.http.get(path) as response:
            headers = response.headers
        policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
        assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
        assert policy["connect-src"] == policy["form-action"] == f"'self' {bootpay}"
        assert (policy["img-src"], policy["frame-src"]) == ("'self' data:", bootpay)
        # Bootpay's script brings style as text and calls of three words; no other script may be written into a page.
        assert policy["style-src"] == ("'self' 'unsafe-inline'" if opens_window else "'self'")
        allowed = [each for each in policy["script-src"].split() if not each.startswith("'sha256-")]
        assert allowed == ["'self'", "'unsafe-hashes'", bootpay] if opens_window else ["'self'", bootpay]
        assert policy["script-src"].count("'sha256-") == (3 if opens_window else 0)
        assert (headers["Cache-Control"], headers["Referrer-Policy"]) == ("no-store", "no-referrer")
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "Set-Cookie" not in headers


async def test_the_page_has_no_inline_script_or_style(counter: Counter) -> None:
    bill = await open_bill(counter.till.db, counter.till.clock)

    _, page = await counter.get(counter.path(bill.id))

    assert re.findall(r"<script(?![^>]*\ssrc=)", page) == []
    assert re.findall(r"<style|\sstyle=|\son[a-z]+=", page) == []
    for name in ("pay.css", "pay.js"):
        status, body = await counter.get(f"/static/{name}")
        assert status == 200
        assert body


async def test_every_link_with_one_bit_changed_is_forged(counter: Counter) -> None:
    bill = await open_bill(counter.till.db, counter.till.clock)
    token = counter.path(bill.id).removeprefix("/pay/")
    damaged = {
        token[:place] + chr(ord(token[place]) ^ 1 << bit) + token[place + 1 :]
        for place in range(len(token))
        for bit in range(7)
    }
    damaged = {each for each in damaged if re.fullmatch(r"[A-Za-z0-9._~-]+", each)}
    assert len(damaged) >= 100
    before = await counter.rows()

    for number, each in enumerate(sorted(damaged)):
        if number % VIEWS_A_MINUTE == 0:
            counter.till.clock.move_to(counter.till.clock.now() + timedelta(minutes=1))
        status, page = await counter.get(f"/pay/{each}")
        assert status == 404, each
        assert "쓸 수 없는 링크예요" in page

    assert await counter.rows() == before


async def test_rubbish_instead_of_a_link_is_forged(counter: Counter) -> None:
    for token in ("x", "." * 300, "%00", "%2e%2e%2fetc", "한글", "WzEsMV0.x", "null", "-1"):
        for path in (f"/pay/{token}", f"/pay/{token}/return?receipt_id=65f0c0de0000000000000001"):
            assert (await counter.get(path))[0] == 404, path
        async with counter.http.post(f"/pay/{token}/attempt") as response:
            assert response.status == 404, token
            assert (await response.json())["message"].startswith("주소가 잘못됐거나")


async def test_a_link_that_is_too_old_says_how_to_get_a_new_one(counter: Counter) -> None:
    bill = await open_bill(counter.till.db, counter.till.clock)
    path = counter.path(bill.id)
    counter.till.clock.move_to(counter.till.clock.now() + LIFETIME)

    status, page = await counter.get(path)

    assert status == 410
    assert "/bills" in page
    async with counter.http.post(f"{path}/attempt") as response:
        assert response.status == 410


async def test_a_void_bill_is_gone(counter: Counter) -> None:
    bill = await open_bill(counter.till.db, counter.till.clock)
    await _expire(counter, bill)

    status, page = await counter.get(counter.path(bill.id))

    assert status == 410
    assert "더 이상 낼 필요가 없는 결제예요" in page
    assert "결제하기" not in page
    assert (await counter.attempt(bill.id))[0] == 409


@pytest.mark.parametrize(
    ("won", "shown"), [(4250, "낸 금액을 모두 돌려드렸어요"), (2000, "쓰지 않은 만큼 돌려드렸어요")]
)
async def test_a_refunded_bill_says_that_money_came_back(counter: Counter, won: int, shown: str) -> None:
    bill = await open_bill(counter.till.db, counter.till.clock)
    await counter.till.pays(bill.id)
    await _refund(counter, bill, won)

    status, page = await counter.get(counter.path(bill.id))

    assert status == 200
    assert shown in page


async def test_from_the_link_to_the_receipt(counter: Counter) -> None:
    bill = await open_bill(counter.till.db, counter.till.clock)

    back = await counter.approve(bill.id)
    status, page = await counter.get(back)

    assert status == 200
    for shown in ("결제가 끝났어요", "4,250원", "11월 23일 (월) 오후 12:00", "카드", "결제 영수증 보기"):
        assert shown in page
    assert "결제하기" not in page
    assert (await counter.till.bill(bill.id)).state is BillState.PAID
    assert len(counter.nudges) >= 1


async def test_what_bootpays_script_is_handed_comes_from_the_database(counter: Counter) -> None:
    bill = await open_bill(counter.till.db, counter.till.clock)

    status, payload = await counter.attempt(bill.id, json={"price": 1, "order_id": "mine"})

    assert status == 200
    assert payload["price"] == bill.amount_won
    assert payload["order_id"].startswith(f"two_{bill.id}_1_")
    assert payload["extra"] == {
        "open_type": "redirect",
        "separately_confirmed": True,
        "redirect_url": f"{counter.settings.public_url}{counter.path(bill.id)}/return",
        "timeout": 30,
        "common_event_webhook": True,
    }
    assert payload["method"] == ["카드", "간편"]
    assert set(payload["metadata"]) == {"bill", "attempt"}
    assert payload["client_key"] == counter.settings.bootpay_client_key.get_secret_value()
    assert counter.settings.bootpay_secret_key.get_secret_value() not in str(payload)


async def test_reloading_the_return_changes_nothing(counter: Counter) -> None:
    bill = await open_bill(counter.till.db, counter.till.clock)
    back = await counter.approve(bill.id)
    await counter.get(back)
    await counter.till.stand_in.webhooks.idle()
    await counter.till.janitor()
    before = await counter.rows()

    for _ in range(5):
        status, page = await counter.get(back)
        assert status == 200
        assert "결제가 끝났어요" in page
    async with counter.http.post(urlsplit(back).path, data=dict(_fields(back))) as response:
        assert "결제가 끝났어요" in await response.text()

    assert await counter.rows() == before
    assert counter.till.charges() == 1


def _fields(back: str) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(back).query)


@pytest.mark.parametrize(
    ("action", "shown"),
    [("close", "결제창을 닫으셨어요"), ("decline", "카드사에서 결제를 거절했어요"), ("fail", "카드사에서 결제를")],
)
async def test_a_payment_that_ended_in_the_window_can_be_tried_again(counter: Counter, action: str, shown: str) -> None:
    bill = await open_bill(counter.till.db, counter.till.clock)

    _, page = await counter.get(await counter.approve(bill.id, action))

    assert shown in page
    assert "4,250원 결제하기" in page
    assert "결제가 끝났어요" in (await counter.get(await counter.approve(bill.id)))[1]


async def test_a_return_that_claims_to_be_paid_is_not_believed(counter: Counter) -> None:
    bill = await open_bill(counter.till.db, counter.till.clock)
    await counter.attempt(bill.id)
    claims = [
        "event=done&status=1&receipt_id=65f0c0de0000000000000001",
        "event=done&status=1",
        "event=confirm&receipt_id=../../v2/cancel",
        "event=confirm&receipt_id=" + "a" * 500,
        "event=confirm&receipt_id[]=x&order_id=two_1_1",
        "event=%00&receipt_id=%F0%9F%92%B8%F0%9F%92%B8%F0%9F%92%B8",
        "",
    ]

    for claim in claims:
        status, page = await counter.get(f"{counter.path(bill.id)}/return?{claim}")
        assert status == 200
        assert "결제가 끝났어요" not in page

    assert (await counter.till.bill(bill.id)).state is BillState.OPEN
    assert counter.till.charges() == 0


async def test_a_closed_window_that_says_cancel_without_a_receipt_is_met_with_a_sentence(counter: Counter) -> None:
    bill = await open_bill(counter.till.db, counter.till.clock)

    _, page = await counter.get(f"{counter.path(bill.id)}/return?event=cancel")

    assert "결제창을 닫으셨어요" in page


@pytest.mark.parametrize(
    ("event", "shown"),
    [
        ("error", "결제창에서 결제를 마치지 못했어요"),
        ("confirm", "결제 내역을 찾지 못했어요"),
        ("issued", "결제 내역을 찾지 못했어요"),
    ],
)
async def test_a_way_back_without_a_receipt_is_met_with_a_sentence(counter: Counter, event: str, shown: str) -> None:
    bill = await open_bill(counter.till.db, counter.till.clock)

    _, page = await counter.get(f"{counter.path(bill.id)}/return?event={event}&message=%3Cb%3E")

    assert shown in page
    assert "4,250원 결제하기" in page


async def test_a_window_that_failed_before_bootpay_knows_how_is_not_said_to_be_checked(counter: Counter) -> None:
    bill = await open_bill(counter.till.db, counter.till.clock)
    _, payload = await counter.attempt(bill.id)
    receipt_id = counter.till.stand_in.open_window(payload).rpartition("/")[2]

    for event, shown in (("error", "결제를 마치지 못했어요"), ("cancel", "결제창을 닫으셨어요")):
        _, page = await counter.get(f"{counter.path(bill.id)}/return?event={event}&receipt_id={receipt_id}")
        assert shown in page


async def test_a_virtual_account_is_waited_for_in_words_also_days_later(counter: Counter) -> None:
    till = counter.till
    bill = await open_bill(till.db, till.clock)
    _, payload = await counter.attempt(bill.id)
    back = urlsplit(till.stand_in.pay(payload | {"method": "가상계좌"}))

    pages = [(await counter.get(f"{back.path}?{back.query}"))[1]]
    till.clock.move_to(till.clock.now() + timedelta(days=2))
    pages.append((await counter.get(counter.path(bill.id)))[1])

    for page in pages:
        assert "가상계좌 입금을 기다리고 있어요" in page
        assert "4,250원 결제하기" in page


def _refreshed(page: str) -> str:
    found = re.search(r'http-equiv="refresh" content="5;url=([^"]+)"', page)
    assert found is not None
    return unescape(found[1])


async def test_who_waits_for_an_answer_reads_it_when_it_is_there(counter: Counter) -> None:
    bill = await open_bill(counter.till.db, counter.till.clock)
    back = await counter.approve(bill.id, "decline")
    counter.till.faults.add("*", "html_502")

    _, page = await counter.get(back)
    _, page = await counter.get(_refreshed(page))
    assert "결제를 확인하고 있어요" in page
    await counter.till.janitor()
    _, page = await counter.get(_refreshed(page))

    assert "카드사에서 결제를 거절했어요" in page
    assert "4,250원 결제하기" in page


async def test_after_a_minute_without_an_answer_the_page_says_so(counter: Counter) -> None:
    bill = await open_bill(counter.till.db, counter.till.clock)
    back = await counter.approve(bill.id)
    counter.till.faults.add("*", "html_502")

    _, page = await counter.get(back)
    for _ in range(LOOKS):
        assert "결제를 확인하고 있어요" in page
        _, page = await counter.get(_refreshed(page))

    assert "결제사가 아직 답하지 않았어요" in page
    assert "4,250원 결제하기" in page


@pytest.mark.parametrize("looks", ["-1", "999999999999", "x", "٣", ""])
async def test_how_often_a_page_has_looked_may_be_anything(counter: Counter, looks: str) -> None:
    bill = await open_bill(counter.till.db, counter.till.clock)

    status, page = await counter.get(counter.path(bill.id), params={"news": "checking", "looks": looks})

    assert status == 200
    assert "looks=1" in page


async def test_who_pays_a_bill_that_became_void_reads_what_happens_to_the_money(counter: Counter) -> None:
    till = counter.till
    bill = await open_bill(till.db, till.clock)
    payloads = [(await counter.attempt(bill.id))[1] for _ in range(3)]
    payloads[1]["extra"]["separately_confirmed"] = False
    await _expire(counter, bill)
    backs = [urlsplit(till.stand_in.pay(payload)) for payload in payloads]

    shown = []
    for back in backs:
        if back is backs[2]:
            till.faults.add("*", "html_502")
        shown.append(await counter.get(f"{back.path}?{back.query}"))

    assert [status for status, _ in shown] == [410] * 3
    assert "빠져나간 돈은 없어요" in shown[0][1]
    assert "들어온 금액은 그대로 돌려드려요" in shown[1][1]
    assert "빠져나간 돈이 있으면 모두 돌려드리고" in shown[2][1]


async def test_who_was_in_the_window_when_the_link_ended_is_still_shown_what_became_of_it(counter: Counter) -> None:
    bill = await open_bill(counter.till.db, counter.till.clock)
    links, clock = counter.links, counter.till.clock
    path = f"/pay/{links.token(bill.id, clock.now() - LIFETIME + timedelta(minutes=1))}"
    async with counter.http.post(f"{path}/attempt") as response:
        back = urlsplit(counter.till.stand_in.pay(await response.json()))
    clock.move_to(clock.now() + timedelta(minutes=2))

    status, page = await counter.get(f"{back.path}?{back.query}")

    assert (status, (await counter.till.bill(bill.id)).state) == (200, BillState.PAID)
    assert "결제가 끝났어요" in page
    assert (await counter.get(path))[0] == 410
    async with counter.http.post(f"{path}/attempt") as response:
        assert response.status == 410
    clock.move_to(clock.now() + WINDOW)
    assert (await counter.get(f"{path}?news=paid"))[0] == 410


async def test_a_bug_of_ours_is_met_with_a_sentence(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    bill = await open_bill(counter.till.db, counter.till.clock)
    back = await counter.approve(bill.id)

    async def broken(*_: object, **__: object) -> None:
        raise ValueError("a bug")

    monkeypatch.setattr(pay_page, "settle", broken)
    monkeypatch.setattr(pay_page, "begin_attempt", broken)

    status, page = await counter.get(back)
    refused, said = await counter.attempt(bill.id)

    assert (status, refused) == (500, 500)
    assert "이미 낸 돈은 안전하게 기록돼 있어요" in page
    assert said["message"].startswith("잠시 문제가 생겼어요")


async def test_the_browser_is_told_to_come_by_https_only_where_that_is_the_address(counter: Counter) -> None:
    async with counter.http.get("/pay/forged") as response:
        assert "Strict-Transport-Security" not in response.headers

    assert private_headers("", https=True)["Strict-Transport-Security"] == "max-age=31536000"


async def test_the_receipt_of_somebody_elses_bill_pays_neither(counter: Counter) -> None:
    till = counter.till
    opened = await party(till.db, till.clock)
    mine = await joins(till.db, till.clock, opened)
    theirs = await joins(till.db, till.clock, opened, await person(till.db, till.clock, "바다"))
    stolen = urlsplit(await counter.approve(mine.id)).query

    _, page = await counter.get(f"{counter.path(theirs.id)}/return?{stolen}")

    assert "결제 내역을 찾지 못했어요" in page
    assert [(await till.bill(bill.id)).state for bill in (mine, theirs)] == [BillState.OPEN] * 2
    assert till.charges() == 0


async def test_while_a_payment_is_unclear_the_page_waits_and_the_button_refuses(counter: Counter) -> None:
    bill = await open_bill(counter.till.db, counter.till.clock)
    back = await counter.approve(bill.id)
    counter.till.faults.add("*", "confirm_critical")

    _, page = await counter.get(back)

    assert "결제를 확인하고 있어요" in page
    assert 'http-equiv="refresh"' in page
    status, refused = await counter.attempt(bill.id)
    assert (status, refused["look_again"]) == (409, True)
    await counter.till.minutes_pass(3)
    assert "결제가 끝났어요" in (await counter.get(counter.path(bill.id)))[1]


async def test_when_bootpay_says_nothing_the_page_waits_and_somebody_looks_again_soon(counter: Counter) -> None:
    bill = await open_bill(counter.till.db, counter.till.clock)
    back = await counter.approve(bill.id)
    counter.till.faults.add("*", "html_502")

    _, page = await counter.get(back)
    assert "결제를 확인하고 있어요" in page
    await counter.till.janitor()

    assert (await counter.till.bill(bill.id)).state is BillState.PAID


async def test_a_paid_bill_begins_no_attempt(counter: Counter) -> None:
    bill = await open_bill(counter.till.db, counter.till.clock)
    await counter.till.pays(bill.id)

    status, refused = await counter.attempt(bill.id)

    assert (status, refused["look_again"]) == (409, True)
    assert "이미 처리된 결제예요" in refused["message"]


async def test_an_attempt_from_another_site_is_refused(counter: Counter) -> None:
    bill = await open_bill(counter.till.db, counter.till.clock)

    for headers in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
    ):
        status, refused = await counter.attempt(bill.id, headers=headers)
        assert status == 403, headers
        assert refused["message"]

    assert await counter.till.attempts() == []


async def test_too_many_attempts_in_a_minute_are_told_to_wait(counter: Counter) -> None:
    bill = await open_bill(counter.till.db, counter.till.clock)
    path = counter.path(bill.id)

    statuses = []
    for _ in range(ATTEMPTS_A_MINUTE + 2):
        async with counter.http.post(f"{path}/attempt") as response:
            statuses.append(response.status)
    counter.till.clock.move_to(counter.till.clock.now() + timedelta(minutes=1))
    async with counter.http.post(f"{path}/attempt") as response:
        statuses.append(response.status)

    assert statuses == [200] * ATTEMPTS_A_MINUTE + [429, 429, 200]
    assert len(await counter.till.attempts()) == ATTEMPTS_A_MINUTE + 1


async def test_too_many_looks_are_told_to_wait_and_guessing_harms_nobody_else(counter: Counter) -> None:
    bill = await open_bill(counter.till.db, counter.till.clock)

    guesses = [(await counter.get(f"/pay/guess{n}"))[0] for n in range(VIEWS_A_MINUTE + 1)]
    looks = [(await counter.get(counter.path(bill.id)))[0] for _ in range(VIEWS_A_MINUTE + 1)]

    assert guesses == [404] * VIEWS_A_MINUTE + [429]
    assert looks == [200] * VIEWS_A_MINUTE + [429]


async def test_news_in_the_address_says_only_our_own_sentences(counter: Counter) -> None:
    bill = await open_bill(counter.till.db, counter.till.clock)

    for news in ("paid", "<script>alert(1)</script>", "../x", "open"):
        status, page = await counter.get(counter.path(bill.id), params={"news": news})
        assert status == 200
        assert 'class="news"' not in page
        assert "alert(1)" not in page


async def test_a_bootpay_that_takes_its_time_does_not_keep_the_browser_waiting(
    db: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pay_page, "ANSWER_WITHIN_S", 0.01)
    async with till_open(db, clock) as till:
        slow = Slow(till.bootpay)
        with monkeypatch.context() as patch:
            patch.setattr(till, "bootpay", slow)
            async with counter_open(till) as counter:
                bill = await open_bill(db, clock)
                back = await counter.approve(bill.id)

                _, page = await counter.get(back)

                assert "결제를 확인하고 있어요" in page
                slow.may_answer.set()
        assert (await till.bill(bill.id)).state is BillState.PAID


class Slow:
    """Bootpay on a bad day: reading a receipt takes as long as the test wants."""

    def __init__(self, bootpay: Bootpay) -> None:
        self._bootpay = bootpay
        self.may_answer = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._bootpay, name)

    async def receipt(self, receipt_id: str) -> Receipt:
        await self.may_answer.wait()
        return await self._bootpay.receipt(receipt_id)
