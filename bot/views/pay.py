"""What the payment page shows: pure functions from a bill to a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot.texts import Speech
from bot.views.newparty import full_name, service_name
from core.billing import Attempt, AttemptState, BillCard, BillState, Outcome

LOOK_AGAIN_S = 5
# So often the page looks again by itself for an answer that Bootpay owes; then it says that none has come yet.
LOOKS = 12
# Cards and easy pay: a bank transfer may arrive days later, a phone bill can only be taken back within its month.
METHODS = ("카드", "간편")
# What the return page found out and a person wants to know; everything else the bill itself tells.
NEWS: dict[Outcome, str] = {
    Outcome.CHECKING: "checking",
    Outcome.WAITING: "checking",
    Outcome.DEPOSIT: "deposit",
    Outcome.BUSY: "checking",
    Outcome.FAILED: "declined",
    Outcome.CLOSED: "closed",
    Outcome.LAPSED: "lapsed",
    Outcome.MISMATCH: "mismatch",
    Outcome.NOT_OURS: "unknown",
    Outcome.CANCELLED: "cancelled",
    Outcome.RETURNED: "returned",
}
# What the window says of itself when it brings no receipt back.
WITHOUT_RECEIPT = {
    "cancel": "closed", "error": "unfinished", "confirm": "unknown", "done": "unknown", "issued": "unknown"
}  # fmt: skip
SAID = frozenset({*NEWS.values(), *WITHOUT_RECEIPT.values()})
# How an attempt ended, for who waited for it on the page; what is not here was declined.
_ENDED_AS = {
    AttemptState.DEPOSIT_WAITING: "deposit",
    AttemptState.LAPSED: "lapsed",
    AttemptState.CANCELLED: "cancelled",
    AttemptState.PAID: "returned",
}


@dataclass(frozen=True)
class Page:
    """One page; every string is HTML already. `call` is the function of Bootpay's script that its button calls."""

    status: int
    title: str
    lead: str
    tone: str = "plain"
    news: str | None = None
    rows: Sequence[tuple[str, str]] = ()
    amount: tuple[str, str] | None = None
    how: Sequence[str] = ()
    pay: str | None = None
    call: str = "requestPayment"
    wait: str = ""
    failed: str = ""
    slip: tuple[str, str] | None = None
    look_again_s: int | None = None
    look_again_with: str = ""


def bill_page(
    say: Speech, card: BillCard, news: str | None = None, *, last: Attempt | None = None, looks: int = 0
) -> Page:
    """The page of a bill as it stands now; `news` is what the return from the payment window has just found out.

    `last` is the newest try at paying it, `looks` how often the page has looked for an answer already.
    """
    bill = card.bill
    if bill.state is BillState.OPEN:
        if bill.approving_attempt is not None:
            return _checking(say, card, looks)
        news = _open_news(news, last)
        if news == "checking" and looks < LOOKS:
            return _checking(say, card, looks)
        return _open(say, card, say(f"pay.news_{_OPEN_SAYS.get(news, news)}") if news else None)
    if bill.state is BillState.PAID:
        return _paid(say, card, say("pay.news_returned") if news == "returned" else None)
    status = 410 if bill.state is BillState.VOID else 200
    after = say(f"pay.{_AFTERWARDS[news]}") if news in _AFTERWARDS else None
    return Page(status, say(f"pay.{bill.state}_title"), say(f"pay.{bill.state}"), news=after, rows=_what(say, card))


# An open bill waits for its payment still: what came in is none of it, and an answer is overdue.
_OPEN_SAYS = {"checking": "still", "returned": "goes_back"}
# What became of a payment whose bill is over: nobody is asked to pay again.
_AFTERWARDS = {
    "returned": "news_goes_back",
    "cancelled": "news_goes_back",
    "deposit": "news_if_taken",
    "checking": "news_if_taken",
    "unfinished": "news_if_taken",
    "unknown": "news_if_taken",
    "closed": "news_not_taken",
    "declined": "news_not_taken",
    "lapsed": "news_not_taken",
    "mismatch": "news_not_taken",
}


def _open_news(news: str | None, last: Attempt | None) -> str | None:
    """Return what is new of an open bill; who waits for an answer reads it when it is there."""
    if last is None:
        return news
    if last.state is AttemptState.DEPOSIT_WAITING:
        return news or "deposit"
    if news != "checking" or last.state in (AttemptState.CREATED, AttemptState.APPROVING, AttemptState.UNKNOWN):
        return news
    return _ENDED_AS.get(last.state, "declined")


def _open(say: Speech, card: BillCard, news: str | None) -> Page:
    amount = say.won(card.bill.amount_won)
    return Page(
        200,
        say("pay.open_title", service=service_name(say, card.service)),
        say("pay.open", plan=full_name(say, card.service, card.plan)),
        news=news,
        rows=_what(say, card),
        amount=(say("pay.amount"), amount),
        how=how_much(say, card),
        pay=say("pay.button", amount=amount),
        wait=say("pay.wait"),
        failed=say("pay.failed"),
    )


def _checking(say: Speech, card: BillCard, looks: int) -> Page:
    return Page(
        200,
        say("pay.checking_title"),
        say("pay.checking"),
        tone="busy",
        rows=_what(say, card),
        amount=(say("pay.amount"), say.won(card.bill.amount_won)),
        look_again_s=LOOK_AGAIN_S,
        look_again_with=f"&news=checking&looks={min(looks + 1, LOOKS)}",
    )


def _paid(say: Speech, card: BillCard, news: str | None) -> Page:
    bill, paid_with = card.bill, card.paid_with
    rows = list(_what(say, card))
    if bill.paid_at is not None:
        rows.append((say("pay.paid_at"), say.moment(bill.paid_at)))
    if paid_with is not None and paid_with.method:
        rows.append((say("pay.method"), _method(say, paid_with.method)))
    if paid_with is not None:
        rows.append((say("pay.order"), say("pay.value", value=paid_with.order_id)))
    slip = None
    if paid_with is not None and (paid_with.receipt_url or "").startswith(("https://", "http://")):
        slip = (say("pay.slip"), say("pay.value", value=paid_with.receipt_url))
    return Page(
        200,
        say("pay.paid_title"),
        say("pay.paid"),
        tone="good",
        news=news,
        rows=rows,
        amount=(say("pay.paid_amount"), say.won(bill.amount_won)),
        slip=slip,
    )


def _method(say: Speech, method: str) -> str:
    """Bootpay names methods in Korean; cards are the one that everybody has."""
    return say("pay.card") if method == "카드" else say("pay.value", value=method)


def _what(say: Speech, card: BillCard) -> Sequence[tuple[str, str]]:
    bill = card.bill
    last_day = bill.serves_until - timedelta(days=1)
    return [
        (say("pay.plan"), say("pay.value", value=full_name(say, card.service, card.plan))),
        (say("pay.period"), say.days(bill.serves_from, last_day)),
    ]


def how_much(say: Speech, card: BillCard) -> Sequence[str]:
    """Say how the amount came about."""
    bill = card.bill
    price, share = say.won(card.cycle.price_won), say.won(bill.share_won)
    lines = [say("pay.share", price=price, seats=card.party.seats, share=share)]
    if bill.days < bill.days_in_cycle:
        of_these_days = say.won(bill.total_won - bill.fee_won)
        lines.append(say("pay.days", days=bill.days, of=bill.days_in_cycle, amount=of_these_days))
    if bill.fee_won:
        lines.append(say("pay.fee", fee=say.won(bill.fee_won), total=say.won(bill.total_won)))
    if bill.credit_won:
        lines.append(say("pay.credit", credit=say.won(bill.credit_won), amount=say.won(bill.amount_won)))
    return lines


def notice_page(say: Speech, key: str, status: int) -> Page:
    """A page with nothing to act on: forged, expired, too many requests, database away."""
    return Page(status, say(f"{key}_title"), say(key))


def order_name(say: Speech, card: BillCard) -> str:
    """Return what a bill is called on the slip of whoever pays it."""
    day = card.bill.serves_from
    return say.plain("pay.order_name", plan=full_name(say, card.service, card.plan), month=day.month, year=day.year)


def payload(say: Speech, card: BillCard, attempt: Attempt, *, client_key: str, return_url: str) -> dict[str, Any]:
    """Return what Bootpay's script is handed; nothing in it is believed when the payment comes back."""
    bill = card.bill
    return {
        "client_key": client_key,
        "price": bill.amount_won,
        "tax_free": 0,
        "order_name": order_name(say, card),
        "order_id": attempt.order_id,
        "method": list(METHODS),
        "metadata": {"bill": str(bill.id), "attempt": str(attempt.id)},
        "extra": {
            "open_type": "redirect",
            "separately_confirmed": True,
            "redirect_url": return_url,
            "timeout": 30,
            "common_event_webhook": True,
        },
    }
