"""The page of a card over plain HTTP: what it shows, what it opens, and that looking changes nothing."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from core import billing
from core.billing import Card, CardState
from tests import cards
from tests.bot.web.counter import Counter
from tests.builders import person


async def asked(counter: Counter, language: str = "ko") -> tuple[Card, str]:
    """Return a card that was agreed to, and the path of its page."""
    someone = await person(counter.till.db, counter.till.clock, "하늘", language)
    card = await cards.asked(counter.till, someone.id)
    return card, counter.card_path(card.id)


async def returns(counter: Counter, path: str, action: str = "approve") -> str:
    """Press the button and go through the window; return the path and query to which the browser comes back."""
    async with counter.http.post(f"{path}/attempt") as response:
        payload = await response.json()
        assert response.status == 200, payload
    back = urlsplit(counter.till.stand_in.register_card(payload, action))
    return f"{back.path}?{back.query}"


async def test_looking_at_the_page_and_opening_the_window_write_nothing(counter: Counter) -> None:
    _, path = await asked(counter)
    before = await counter.rows()

    status, page = await counter.get(path)
    await counter.http.post(f"{path}/attempt")

    assert status == 200
    for shown in ("결제일 오전 10시 (하루 전에 알림)", "청구서에 적힌 금액", "지금은 아무것도 결제되지 않아요."):
        assert shown in page
    assert await counter.rows() == before


async def test_every_answer_is_kept_nowhere_and_framed_by_nobody(counter: Counter) -> None:
    _, path = await asked(counter)
    back = await returns(counter, path)

    for method, address in (("GET", path), ("POST", f"{path}/attempt"), ("GET", back), ("GET", "/card/forged")):
        async with counter.http.request(method, address, allow_redirects=False) as response:
            headers = response.headers
        assert headers["Cache-Control"] == "no-store", address
        assert headers["Referrer-Policy"] == "no-referrer", address
        assert headers["X-Frame-Options"] == "DENY", address
        assert "default-src 'none'" in headers["Content-Security-Policy"], address
        scripts = next(part for part in headers["Content-Security-Policy"].split("; ") if part.startswith("script-src"))
        assert "unsafe-inline" not in scripts and "unsafe-eval" not in scripts, address


async def test_the_window_is_asked_for_nothing_but_a_card(counter: Counter) -> None:
    card, path = await asked(counter)

    async with counter.http.post(f"{path}/attempt") as response:
        payload = await response.json()

    assert (payload["price"], payload["method"]) == (0, "카드자동")
    assert payload["subscription_id"].startswith(f"{card.subscription_id}_")
    assert payload["extra"]["redirect_url"].startswith(counter.settings.public_url + path + "/return")


async def test_a_registered_card_is_shown_and_reloading_the_return_changes_nothing(counter: Counter) -> None:
    card, path = await asked(counter)
    back = await returns(counter, path)

    _, first = await counter.get(back)
    before = await counter.rows()
    pages = await asyncio.gather(*(counter.get(back) for _ in range(5)))

    assert "카드를 등록했어요" in first
    assert "하늘카드 1234" in first
    assert {status for status, _ in pages} == {200}
    assert await counter.rows() == before
    assert (await cards.now(counter.till, card.id)).state is CardState.ACTIVE
    assert counter.nudges


async def test_the_page_never_holds_the_key(counter: Counter) -> None:
    card, path = await asked(counter)
    _, page = await counter.get(await returns(counter, path))
    kept = await cards.now(counter.till, card.id)
    key = (await counter.till.bootpay.billing_key(kept.receipt_id or "")).key

    assert key not in page
    assert (kept.key_sealed or "?") not in page


@pytest.mark.parametrize(
    ("action", "words"), [("close", "카드 등록창을 닫으셨어요"), ("decline", "카드가 등록되지 않았어요")]
)
async def test_a_window_without_a_card_leads_back_to_the_button(counter: Counter, action: str, words: str) -> None:
    card, path = await asked(counter)

    _, page = await counter.get(await returns(counter, path, action))

    assert words in page
    assert 'id="pay"' in page
    assert (await cards.now(counter.till, card.id)).state is CardState.ASKED


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ("cancel", "카드 등록창을 닫으셨어요"),
        ("error", "카드가 등록되지 않았어요"),
        ("done", "이 등록 내역을 찾지 못했어요"),
        ("issued", "이 등록 내역을 찾지 못했어요"),
    ],
)
async def test_a_way_back_without_a_receipt_is_met_with_a_sentence(counter: Counter, event: str, words: str) -> None:
    _, path = await asked(counter)

    _, page = await counter.get(f"{path}/return?event={event}")

    assert words in page
    assert 'id="pay"' in page


async def test_while_bootpay_cannot_tell_the_page_looks_again_by_itself(counter: Counter) -> None:
    card, path = await asked(counter)
    back = await returns(counter, path)
    counter.till.faults.add("*", "html_502")

    _, page = await counter.get(back)
    assert "카드 등록을 확인하고 있어요" in page
    assert 'http-equiv="refresh"' in page
    counter.till.clock.move_to(counter.till.clock.now() + timedelta(minutes=2))
    await billing.look_after_cards(counter.till.db, counter.till.bootpay, counter.till.clock, counter.seal)

    assert (await cards.now(counter.till, card.id)).state is CardState.ACTIVE
    assert "카드를 등록했어요" in (await counter.get(path))[1]


async def test_who_was_in_the_window_when_the_link_ended_still_comes_back(counter: Counter) -> None:
    _, path = await asked(counter)
    back = await returns(counter, path)
    counter.till.clock.move_to(counter.till.clock.now() + billing.LINK_LIVES + timedelta(minutes=5))

    _, page = await counter.get(back)
    status, _ = await counter.get(path)
    async with counter.http.post(f"{path}/attempt") as response:
        assert response.status == 410

    assert "카드를 등록했어요" in page
    assert status == 200


async def test_in_english(counter: Counter) -> None:
    _, path = await asked(counter, "en")

    _, page = await counter.get(path)

    assert "Nothing is charged now." in page
