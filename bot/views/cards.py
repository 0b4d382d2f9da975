"""Automatic payment: consent, the card on file, its news, and the page on which it is registered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from bot.screen import Button, Screen
from bot.texts import Speech
from bot.views.billing import period
from bot.views.newparty import full_name
from bot.views.parties import pay_button
from bot.views.pay import LOOK_AGAIN_S, Page
from core.billing import AUTOPAY_VERSION, Attempt, AttemptState, BillCard, Card, CardOutcome, CardState
from core.billing.cards import KEY_EXPIRED

METHOD = "카드자동"
# What the return page found out and a person wants to know; everything else the card itself tells.
NEWS = {CardOutcome.NOT_ISSUED: "declined", CardOutcome.NOT_OURS: "unknown"}
# What the window says of itself when it brings no receipt back.
WITHOUT_RECEIPT = {
    "cancel": "closed", "error": "declined", "confirm": "unknown", "done": "unknown", "issued": "unknown"
}  # fmt: skip


def consent(say: Speech) -> Screen:
    """What automatic payment means, all of it, before the tap that agrees to it."""
    agree = Button(say.plain("cards.consent_button"), data=f"autopayok:{AUTOPAY_VERSION}")
    return Screen(say("cards.consent"), rows=[[agree]])


def not_offered(say: Speech) -> Screen:
    """The operator has no key to keep cards with."""
    return Screen(say("cards.not_offered"))


def link(say: Speech, url: str) -> Screen:
    """The way to the page on which the card is registered."""
    return Screen(say("cards.link"), rows=[[Button(say.plain("cards.link_button"), url=url)]])


def status(say: Speech, card: Card, coming: Sequence[BillCard]) -> Screen:
    """The card that pays, what it pays next, and the way to stop it."""
    lines = [
        say(
            "cards.status_next",
            day=say.day(each.bill.due_on),
            plan=full_name(say, each.service, each.plan),
            amount=say.won(each.bill.amount_won),
        )
        for each in coming
    ]
    next_ = "\n".join([say("cards.status_coming"), *lines]) if lines else say("cards.status_nothing")
    rows = [[_stop(say, card)], [Button(say.plain("cards.change"), data="autopay")]]
    return Screen(f"{say('cards.status', card=_name(say, card))}\n\n{next_}", rows=rows)


def ask_stop(say: Speech, card: Card) -> Screen:
    """Ask once more before automatic payment stops."""
    rows = [
        [Button(say.plain("cards.stop_yes"), data=f"autostopok:{card.id}")],
        [Button(say.plain("cards.stop_no"), data="go:autopay")],
    ]
    return Screen(say("cards.ask_stop", card=_name(say, card)), rows=rows)


def stopped(say: Speech, under_way: int) -> Screen:
    """Automatic payment has stopped; what was under way is named."""
    return Screen(say("cards.stopped_under_way", n=under_way) if under_way else say("cards.stopped"))


def with_offer(say: Speech, screen: Screen) -> Screen:
    """Return a screen about paying with the way to automatic payment below it."""
    return replace(screen, rows=[*screen.rows, [Button(say.plain("cards.offer"), data="go:autopay")]])


def _name(say: Speech, card: Card) -> str:
    return card.label or say.plain("cards.unnamed")


def _stop(say: Speech, card: Card) -> Button:
    return Button(say.plain("cards.stop"), data=f"autostop:{card.id}")


def _manage(say: Speech) -> Button:
    return Button(say.plain("cards.manage"), data="go:autopay")


def ready(say: Speech, card: Card) -> Screen:
    """A card was registered."""
    return Screen(say("cards.ready", card=_name(say, card)), rows=[[_manage(say)]])


def opened(say: Speech, bill: BillCard, card: Card, on: date) -> Screen:
    """The next month's bill is open, and the card will pay it."""
    return Screen(_about(say, "cards.opened", bill, card, day=on), rows=[[_manage(say)]])


def reminder(say: Speech, bill: BillCard, card: Card) -> Screen:
    """A due day comes for which nothing is to be done."""
    return Screen(_about(say, "cards.reminder", bill, card), rows=[[_manage(say)]])


def tomorrow(say: Speech, bill: BillCard, card: Card, pay_link: str, on: date) -> Screen:
    """The card is charged tomorrow, with the way to stop it."""
    text = _about(say, "cards.tomorrow", bill, card, day=on)
    return Screen(text, rows=[[pay_button(say, bill, pay_link)], [_stop(say, card)]])


def _about(say: Speech, key: str, bill: BillCard, card: Card, *, day: date | None = None) -> str:
    return say(
        key,
        plan=full_name(say, bill.service, bill.plan),
        period=period(say, bill),
        amount=say.won(bill.bill.amount_won),
        day=say.day(day or bill.bill.due_on),
        card=_name(say, card),
    )


def failed(say: Speech, bill: BillCard, pay_link: str, reason: str, *, again: bool) -> Screen:
    """The card did not pay: why, whether it is tried again, and the way to pay now."""
    text = say(
        "cards.failed",
        plan=full_name(say, bill.service, bill.plan),
        period=period(say, bill),
        amount=say.won(bill.bill.amount_won),
        reason=say.plain(f"cards.reason_{reason}"),
        next=say.plain("cards.next_again" if again else "cards.next_link"),
    )
    rows = [[pay_button(say, bill, pay_link)]]
    if reason in ("expired", "lost"):
        rows.append([Button(say.plain("cards.register_again"), data="go:autopay")])
    return Screen(text, rows=rows)


def reason_of(attempt: Attempt) -> str:
    """Return why a charge did not pay: declined, expired, or silent where Bootpay knows nothing of it."""
    if attempt.state is AttemptState.LAPSED:
        return "silent"
    return "expired" if attempt.provider_word == KEY_EXPIRED else "declined"


def card_page(say: Speech, card: Card, news: str | None = None) -> Page:
    """The page of a card as it stands now; `news` is what the return from the window has just found out."""
    if card.state is CardState.ACTIVE:
        return Page(
            200,
            say("cards.page_ready_title"),
            say("cards.page_ready"),
            tone="good",
            rows=[(say("cards.page_card"), say("cards.page_card_value", card=_name(say, card)))],
        )
    if card.state is not CardState.ASKED:
        return Page(410, say("cards.page_over_title"), say("cards.page_over"))
    if card.receipt_id is not None:
        checking = say("cards.page_checking_title"), say("cards.page_checking")
        return Page(200, *checking, tone="busy", look_again_s=LOOK_AGAIN_S)
    return Page(
        200,
        say("cards.page_title"),
        say("cards.page_lead"),
        news=say(f"cards.news_{news}") if news else None,
        rows=[
            (say(f"cards.page_{each}"), say(f"cards.page_{each}_value")) for each in ("what", "when", "most", "stop")
        ],
        how=[say("cards.page_today")],
        pay=say("cards.page_button"),
        call="requestSubscription",
        wait=say("cards.wait"),
        failed=say("cards.failed_window"),
    )


def payload(say: Speech, card: Card, subscription_id: str, *, client_key: str, return_url: str) -> dict[str, Any]:
    """Return what Bootpay's script is handed to register a card; nothing in it is believed when it comes back."""
    return {
        "client_key": client_key,
        "price": 0,
        "order_name": say.plain("cards.order_name"),
        "subscription_id": subscription_id,
        "method": METHOD,
        "metadata": {"card": str(card.id)},
        "extra": {"open_type": "redirect", "redirect_url": return_url},
    }
