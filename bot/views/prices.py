"""A new price: what a member is asked, what a host proposes, and how it ends."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from bot.screen import Button, Screen
from bot.texts import Speech
from bot.views.newparty import full_name
from bot.views.parties import monthly_price
from core.dates import seoul_date
from core.flows import NewPrice, PartyCard, PriceNews
from core.parties import Role
from core.parties.tables import PriceChangeState


def _last_day(say: Speech, closes_at: datetime) -> str:
    """Return the last whole day on which one can answer."""
    return say.day(seoul_date(closes_at - timedelta(minutes=1)))


def _facts(say: Speech, news: PriceNews) -> dict[str, str]:
    change, consent = news.change, news.consent
    return {
        "plan": full_name(say, news.card.service, news.card.plan),
        "old": say.won(change.old_won),
        "new": say.won(change.new_won),
        "from_day": say.day(change.from_cycle_on),
        "closes": _last_day(say, change.closes_at),
        "mine_old": say.won(consent.old_won) if consent else "",
        "mine_new": say.won(consent.new_won) if consent else "",
    }


def asked(say: Speech, news: PriceNews) -> Screen:
    """Ask a member for their consent, with everything that it is about; closing this or not answering is none."""
    return _question(say, "prices.asked", news)


def reminder(say: Speech, news: PriceNews) -> Screen:
    """Remind a member that no answer is no consent."""
    return _question(say, "prices.reminder", news)


def _question(say: Speech, key: str, news: PriceNews) -> Screen:
    text = f"{say(key, **_facts(say, news))}\n\n{say('prices.what_follows', **_facts(say, news))}"
    return Screen(
        text,
        rows=[
            [Button(say.plain("prices.yes"), data=f"priceyes:{news.change.id}")],
            [Button(say.plain("prices.no"), data=f"priceno:{news.change.id}")],
        ],
    )


def mine(say: Speech, news: PriceNews) -> Screen:
    """A change of price as one member sees it now."""
    change, consent = news.change, news.consent
    if change.state is not PriceChangeState.ASKING or consent is None:
        return Screen(say(f"prices.state_{change.state}", **_facts(say, news)))
    if news.leaving:
        row = [Button(say.plain("people.go_my"), data="go:my")]
        return Screen(say("prices.you_are_leaving", **_facts(say, news)), rows=[row])
    if consent.agreed is None:
        return asked(say, news)
    if consent.agreed:
        button = Button(say.plain("prices.not_after_all"), data=f"priceno:{change.id}")
        return Screen(say("prices.agreed", **_facts(say, news)), rows=[[button]])
    button = Button(say.plain("prices.yes_after_all"), data=f"priceyes:{change.id}")
    return Screen(say("prices.declined", **_facts(say, news)), rows=[[button]])


def ask_host(say: Speech, card: PartyCard, today: date) -> Screen:
    """Ask the host what the plan costs now."""
    plan = full_name(say, card.service, card.plan)
    return Screen(say("prices.ask_host", plan=plan, now=monthly_price(say, card, today)))


def preview(say: Speech, card: PartyCard, new: NewPrice) -> Screen:
    """What a new price means, before anybody is asked."""
    key = "prices.preview" if new.is_rise else "prices.preview_lower"
    text = say(
        key,
        plan=full_name(say, card.service, card.plan),
        old=say.won(new.old_won),
        new=say.won(new.new_won),
        from_day=say.day(new.period.starts_on),
        closes=_last_day(say, new.closes_at),
    )
    yes = say.plain("prices.propose" if new.is_rise else "prices.lower_it")
    base = f"{card.party.id}:{new.new_won}:{new.period.starts_on:%y%m%d}"
    return Screen(
        text,
        rows=[
            [Button(yes, data=f"priceok:{base}")],
            [Button(say.plain("parties.keep"), data=f"party:{card.party.id}")],
        ],
    )


def status(say: Speech, news: PriceNews, answers: Mapping[int, bool | None]) -> Screen:
    """For the host: who has said what to the new price."""
    lines = [
        say(f"prices.answer_{_word(answers.get(seat.membership.id))}", nickname=seat.person.nickname)
        for seat in news.card.seats
        if seat.membership.role is Role.MEMBER
    ]
    text = "\n".join([say(f"prices.status_{news.change.state}", **_facts(say, news)), "", *lines]).rstrip()
    if news.change.state is not PriceChangeState.ASKING:
        return Screen(text)
    return Screen(text, rows=[[Button(say.plain("prices.take_back"), data=f"pricestop:{news.change.id}")]])


def _word(agreed: bool | None) -> str:
    return {True: "yes", False: "no", None: "none"}[agreed]


def lower(say: Speech, news: PriceNews) -> Screen:
    """Tell a member that the price falls; nothing is to be done."""
    return Screen(say("prices.lower", **_facts(say, news)))


def host_lower(say: Speech, news: PriceNews) -> Screen:
    """Tell the host that the plan's price falls."""
    return Screen(say("prices.host_lower", **_facts(say, news)))


def host_asked(say: Speech, news: PriceNews) -> Screen:
    """Tell the host that members are being asked, because the plan costs more."""
    button = Button(say.plain("prices.see_answers"), data=f"price:{news.card.party.id}")
    return Screen(say("prices.host_asked", **_facts(say, news)), rows=[[button]])


def withdrawn(say: Speech, news: PriceNews) -> Screen:
    """Tell a member that the price stays as it was."""
    return Screen(say("prices.withdrawn", **_facts(say, news)))


def leaving(say: Speech, news: PriceNews) -> Screen:
    """Tell a member that without consent the stay ends with what is paid."""
    refused = news.consent is not None and news.consent.agreed is False
    return Screen(say("prices.leaving_refused" if refused else "prices.leaving_silent", **_facts(say, news)))
