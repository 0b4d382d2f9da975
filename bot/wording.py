"""Core's notices in words: what a notice names is read when it is sent, in the reader's language."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from bot.evenings import scene
from bot.screen import Screen
from bot.tap import INVITE, Surroundings
from bot.texts import Speech
from bot.views import billing as billing_views
from bot.views import cards as card_views
from bot.views import claims as claim_views
from bot.views import evenings as evening_views
from bot.views import late as late_views
from bot.views import notices, party_news
from bot.views import parties as party_views
from bot.views import payouts as payout_views
from bot.views import prices as price_views
from bot.views import refunds as refund_views
from bot.views import statement as statement_views
from bot.views import waiting as waiting_views
from core import billing, flows, parties
from core.billing import (
    AccountState,
    BillCard,
    Card,
    PayoutAccount,
    PayoutCard,
    Refund,
    account_of,
    bill_card,
    payout_card,
    won_of_host,
)
from core.billing.reminders import told_in_vain
from core.billing.statements import Month, statement
from core.dates import seoul_date
from core.parties.tables import PriceChange
from core.people import get_person
from core.rooms import Evening

# Reminders of a day that has yet to come: a card that pays it makes them mere news.
AHEAD = ("d-3", "d-1", "d0")


class Wording:
    """Words a notice: loads what it is about and asks its view."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around

    async def __call__(
        self, session: AsyncSession, now: datetime, say: Speech, name: str, data: Mapping[str, Any]
    ) -> Screen:
        """Return the screen of a notice; KeyError for a name that no view knows."""
        if name in notices.NOTICES:
            return notices.word(say, name, data)
        return await _LOADED[name](News(self._around, session, now, say, data))


@dataclass(frozen=True)
class News:
    """A notice with everything that it takes to word it."""

    around: Surroundings
    session: AsyncSession
    now: datetime
    say: Speech
    data: Mapping[str, Any]

    async def bill(self) -> BillCard:
        """Return the bill that the notice is about."""
        return await bill_card(self.session, self.data["bill"])

    async def refund(self) -> Refund:
        """Return the refund that the notice is about."""
        return await self.session.get_one(Refund, self.data["refund"])

    async def party(self) -> flows.PartyCard:
        """Return the party that the notice is about."""
        return await flows.party_card(self.session, self.data["party"])

    async def member(self) -> tuple[flows.PartyCard, str, parties.Checklist]:
        """Return the member that the notice is about: their party, nickname and way in."""
        membership = await self.session.get_one(parties.Membership, self.data["membership"])
        person = await get_person(self.session, membership.person_id)
        card = await flows.party_card(self.session, membership.party_id)
        return card, person.nickname or "", await parties.checklist(self.session, membership)

    async def payout(self) -> PayoutCard:
        """Return the payout that the notice is about."""
        return await payout_card(self.session, self.data["payout"])

    async def payout_account(self) -> PayoutAccount:
        """Return the payout account that the notice is about."""
        return await self.session.get_one(PayoutAccount, self.data["account"])

    async def payer(self, card: BillCard) -> str:
        """Return what the person is called who pays a bill."""
        return (await get_person(self.session, card.bill.person_id)).nickname or ""

    async def late(self) -> tuple[BillCard, flows.Outlook]:
        """Return the late bill that the notice is about, and what it leads to."""
        card = await self.bill()
        return card, flows.outlook(card.bill, card.membership, self.around.settings.limits, self.now)

    async def card(self) -> Card | None:
        """Return the card that pays the bill that the notice is about, tomorrow or later, if there is one."""
        bill = await self.bill()
        if not billing.pays_by_itself(bill, self.tomorrow):
            return None
        return await billing.card_of(self.session, bill.bill.person_id)

    @property
    def tomorrow(self) -> date:
        """Return the day after the one on which the notice is read."""
        return seoul_date(self.now) + timedelta(days=1)

    def pay_link(self) -> str:
        """Return the payment link of the bill that the notice is about."""
        return self.around.pay_links.url(self.data["bill"], self.now)

    async def price(self) -> flows.PriceNews:
        """Return the change of price that the notice is about, as the reader sees it."""
        change = await self.session.get_one(PriceChange, self.data["change"])
        card = await flows.party_card(self.session, change.party_id)
        member = self.data.get("membership")
        consent = None if member is None else await flows.consent_of(self.session, change.id, member)
        return flows.PriceNews(card, change, consent)


Load = Callable[[News], Awaitable[Screen]]


async def _evening_stands(n: News) -> Screen:
    evening = await n.session.get_one(Evening, n.data["evening"])
    reader = await get_person(n.session, n.data["reader"])
    now = await scene(n.session, n.around.recommending, evening, n.now)
    # What it will be comes in a message of its own.
    return evening_views.settled(n.say, now) if now.title else evening_views.evening(n.say, now, reader)


async def _evening_picked(n: News) -> Screen:
    evening = await n.session.get_one(Evening, n.data["evening"])
    reader = await get_person(n.session, n.data["reader"])
    return evening_views.evening(n.say, await scene(n.session, n.around.recommending, evening, n.now), reader)


async def _statement(n: News) -> Screen:
    month = Month.named(n.data["month"])
    return statement_views.ready(n.say, month, await statement(n.session, n.data["person"], month))


def _price(view: Callable[[Speech, flows.PriceNews], Screen]) -> Load:
    async def load(n: News) -> Screen:
        return view(n.say, await n.price())

    return load


async def _price_applied(n: News) -> Screen:
    news = await n.price()
    return price_views.status(n.say, news, await flows.answers_to(n.session, news.change.id))


async def _paid(n: News) -> Screen:
    bill, joined, back = await n.bill(), bool(n.data.get("joined")), bool(n.data.get("back"))
    receipt = billing_views.receipt(n.say, bill, joined=joined, back=back)
    payer = await get_person(n.session, bill.bill.person_id)
    if n.around.settings.seal is not None and await billing.lacks_card(n.session, payer):
        return card_views.with_offer(n.say, receipt)
    return receipt


async def _opened(n: News) -> Screen:
    bill, card = await n.bill(), await n.card()
    if card is None:
        return billing_views.opened(n.say, bill, n.pay_link())
    return card_views.opened(n.say, bill, card, max(bill.bill.due_on, n.tomorrow))


async def _reminder(n: News) -> Screen:
    bill, card, kind = await n.bill(), await n.card(), n.data["kind"]
    if card and kind in AHEAD and not await told_in_vain(n.session, bill.bill.id, n.now):
        return card_views.reminder(n.say, bill, card)
    snoozes = await billing.snoozes_of(n.session, bill.bill.id)
    return late_views.reminder(n.say, bill, n.pay_link(), kind, snoozes, seoul_date(n.now))


async def _warning(n: News) -> Screen:
    card, kind = await n.bill(), n.data["kind"]
    at = billing.suspends_at(card.bill, n.now) if kind == "warning" else n.now + billing.NOTICE
    return late_views.warning(n.say, card, n.pay_link(), kind, at)


async def _suspended(n: News) -> Screen:
    card, ahead = await n.late()
    return late_views.suspended(n.say, card, n.pay_link(), ahead.freed_on or seoul_date(n.now))


async def _more_time(n: News) -> Screen:
    return late_views.more_time(n.say, await n.bill(), n.pay_link())


async def _late_for_host(n: News) -> Screen:
    card, ahead = await n.late()
    return late_views.for_host(n.say, card, await n.payer(card), ahead)


async def _unreached(n: News) -> Screen:
    card, ahead = await n.late()
    return late_views.unreached(n.say, card, await n.payer(card), ahead)


async def _someone_late(n: News) -> Screen:
    return late_views.someone(n.say, await n.party())


async def _freed(n: News) -> Screen:
    card = await n.bill()
    return late_views.freed(n.say, card, n.around.deep_link(f"{INVITE}{card.party.code}"))


async def _seat_offered(n: News) -> Screen:
    stay = await n.session.get_one(parties.Membership, n.data["membership"])
    return waiting_views.offered(n.say, await n.party(), stay.held_until or n.now)


async def _offer_over(n: News) -> Screen:
    card = await n.party()
    return waiting_views.offer_over(n.say, card, n.around.deep_link(f"{INVITE}{card.party.code}"))


async def _line_closed(n: News) -> Screen:
    return waiting_views.closed(n.say, await n.party())


async def _freed_for_host(n: News) -> Screen:
    card = await n.bill()
    return late_views.freed_for_host(n.say, card, await n.payer(card))


async def _member_paid(n: News) -> Screen:
    card = await n.bill()
    return billing_views.member_paid(n.say, card, await n.payer(card))


async def _refund_news(n: News) -> Screen:
    return refund_views.news(n.say, await n.bill(), await n.refund())


async def _taken_from_host(n: News) -> Screen:
    card, refund = await n.bill(), await n.refund()
    host_won = await won_of_host(n.session, refund)
    return refund_views.taken_from_host(n.say, card, refund, await n.payer(card), host_won)


async def _unclear(n: News) -> Screen:
    return billing_views.unclear(n.say, await n.bill())


async def _member_joined(n: News) -> Screen:
    return party_news.member_joined(n.say, *await n.member())


async def _access_turn(n: News) -> Screen:
    card, _, checklist = await n.member()
    return party_views.access_for_member(n.say, card, checklist)


async def _access_done(n: News) -> Screen:
    card, nickname, _ = await n.member()
    return party_news.access_done(n.say, card, nickname)


async def _hold_over(n: News) -> Screen:
    card = await n.party()
    return party_news.hold_over(n.say, card, n.around.deep_link(f"{INVITE}{card.party.code}"))


async def _cancelled(n: News) -> Screen:
    return party_news.cancelled(n.say, await n.party(), n.data["won"], n.data["reason"])


async def _called_off(n: News) -> Screen:
    return party_news.called_off(n.say, await n.party())


async def _member_leaves(n: News) -> Screen:
    leaver = await get_person(n.session, n.data["person"])
    on = date.fromisoformat(n.data["on"])
    return party_news.member_leaves(n.say, await n.party(), leaver.nickname or "", on, n.data["at_once"])


async def _left(n: News) -> Screen:
    return party_news.left(n.say, await n.party())


async def _party_ending(n: News) -> Screen:
    on = date.fromisoformat(n.data["on"])
    return refund_views.party_ending(n.say, await n.party(), on, n.data["at_once"], n.data["won"])


async def _party_ended(n: News) -> Screen:
    return refund_views.party_ended(n.say, await n.party())


async def _seat_gone(n: News) -> Screen:
    return refund_views.seat_gone(n.say, await n.party())


async def _removed(n: News) -> Screen:
    return refund_views.removed(n.say, await n.party(), n.data["won"])


def _claim(what: str) -> Load:
    async def word(n: News) -> Screen:
        claim = await parties.get_claim(n.session, n.data["claim"])
        membership = await n.session.get_one(parties.Membership, claim.membership_id)
        member = await get_person(n.session, membership.person_id)
        card = await flows.party_card(n.session, claim.party_id)
        won = n.data.get("won", 0)
        return claim_views.news(n.say, card, what, member.nickname or "", claim.broken_since, won)

    return word


async def _released(n: News) -> Screen:
    card = await n.party()
    account = await account_of(n.session, card.host.id)
    fits = account is not None and account.state in (AccountState.PENDING, AccountState.VERIFIED)
    return payout_views.released(n.say, card, n.data["won"], has_account=fits)


async def _payout_on_its_way(n: News) -> Screen:
    return payout_views.on_its_way(n.say, await n.payout())


async def _payout_paid(n: News) -> Screen:
    return payout_views.paid(n.say, await n.payout())


async def _payout_returned(n: News) -> Screen:
    return payout_views.returned(n.say, await n.payout())


async def _code_sent(n: News) -> Screen:
    return payout_views.code_sent(n.say, await n.payout_account())


async def _code_returned(n: News) -> Screen:
    return payout_views.code_returned(n.say, await n.payout_account())


async def _card_ready(n: News) -> Screen:
    return card_views.ready(n.say, await billing.get_card(n.session, n.data["card"]))


async def _card_tomorrow(n: News) -> Screen:
    bill, card = await n.bill(), await n.card()
    if card is None:
        # It was written in time and is read too late: no card is tried any more, so its person pays.
        snoozes = await billing.snoozes_of(n.session, bill.bill.id)
        return late_views.reminder(n.say, bill, n.pay_link(), "late", snoozes, seoul_date(n.now))
    return card_views.tomorrow(n.say, bill, card, n.pay_link(), n.tomorrow)


async def _card_failed(n: News) -> Screen:
    attempt = await n.session.get_one(billing.Attempt, n.data["attempt"])
    bill = await bill_card(n.session, attempt.bill_id)
    link = n.around.pay_links.url(attempt.bill_id, n.now)
    again = await billing.next_charge(n.session, bill.bill, n.now)
    return card_views.failed(n.say, bill, link, card_views.reason_of(attempt), again=again)


async def _card_lost(n: News) -> Screen:
    return card_views.failed(n.say, await n.bill(), n.pay_link(), "lost", again=False)


_LOADED: dict[str, Load] = {
    "cards.ready": _card_ready,
    "cards.tomorrow": _card_tomorrow,
    "cards.failed": _card_failed,
    "cards.lost": _card_lost,
    "billing.paid": _paid,
    "billing.opened": _opened,
    "billing.reminder": _reminder,
    "billing.member_paid": _member_paid,
    "billing.refunded": _refund_news,
    "refunds.by_operator": _refund_news,
    "refunds.taken_from_host": _taken_from_host,
    "late.warning": _warning,
    "late.suspended": _suspended,
    "late.more_time": _more_time,
    "late.for_host": _late_for_host,
    "late.unreached": _unreached,
    "late.someone": _someone_late,
    "late.freed": _freed,
    "late.freed_for_host": _freed_for_host,
    "waiting.offered": _seat_offered,
    "waiting.offer_over": _offer_over,
    "waiting.closed": _line_closed,
    "billing.unclear": _unclear,
    "parties.member_joined": _member_joined,
    "parties.access_turn": _access_turn,
    "parties.access_done": _access_done,
    "parties.hold_over": _hold_over,
    "parties.cancelled": _cancelled,
    "parties.called_off": _called_off,
    "parties.member_leaves": _member_leaves,
    "parties.left": _left,
    "parties.removed": _removed,
    "parties.ending": _party_ending,
    "parties.ended": _party_ended,
    "parties.seat_gone": _seat_gone,
    **{f"claims.{what}": _claim(what) for what in ("opened", "answered", "withdrawn", "upheld", "rejected")},
    "payouts.released": _released,
    "payouts.on_its_way": _payout_on_its_way,
    "payouts.paid": _payout_paid,
    "payouts.returned": _payout_returned,
    "payouts.code_sent": _code_sent,
    "payouts.code_returned": _code_returned,
    "prices.asked": _price(price_views.asked),
    "prices.reminder": _price(price_views.reminder),
    "prices.lower": _price(price_views.lower),
    "prices.withdrawn": _price(price_views.withdrawn),
    "prices.leaving": _price(price_views.leaving),
    "prices.host_asked": _price(price_views.host_asked),
    "prices.host_lower": _price(price_views.host_lower),
    "prices.applied": _price_applied,
    "statement.ready": _statement,
    "evenings.show": _evening_stands,
    "evenings.picked": _evening_picked,
}
