"""The steps of opening a party."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from bot.screen import Button, Screen
from bot.texts import Speech
from core.catalogue import Offer, Plan, Service
from core.money import split
from core.parties import Terms

DAY = "%y%m%d"
START_IN_DAYS = (0, 1, 3, 7, 14)
BILLING_DAYS = (1, 5, 10, 15, 20, 25, 31)


def service_name(say: Speech, service: Service) -> str:
    """Return a service's name in the reader's language."""
    return service.name_ko if say.language == "ko" else service.name_en


def plan_name(say: Speech, plan: Plan) -> str:
    """Return a plan's name in the reader's language."""
    return plan.name_ko if say.language == "ko" else plan.name_en


def full_name(say: Speech, service: Service, plan: Plan) -> str:
    """Return service and plan."""
    return f"{service_name(say, service)} {plan_name(say, plan)}"


def rule(say: Speech, plan: Plan) -> str:
    """Return the plan's sharing rule in a sentence."""
    return say(f"newparty.rule_{plan.sharing_rule}")


def services(say: Speech, listed: Sequence[Service]) -> Screen:
    """Ask for the service."""
    buttons = [Button(f"{s.emoji} {service_name(say, s)}", data=f"newservice:{s.id}") for s in listed]
    return Screen(say("newparty.service"), rows=[buttons[i : i + 2] for i in range(0, len(buttons), 2)])


def plans(say: Speech, offers: Sequence[Offer]) -> Screen:
    """Ask for the plan; price and streams stand on the buttons, rules in the text."""
    lines = [
        say(
            "newparty.plan_line",
            plan=plan_name(say, offer.plan),
            price=say.won(offer.price_won),
            seats=offer.plan.seats_max,
            streams=offer.plan.streams or "-",
            rule=say.plain(f"newparty.rule_short_{offer.plan.sharing_rule}"),
        )
        for offer in offers
    ]
    service = offers[0].service
    note = service.risk_note_ko if say.language == "ko" else service.risk_note_en
    text = say("newparty.plan", service=service_name(say, service)) + "\n\n" + "\n".join(lines)
    if note:
        text += "\n\n" + say("newparty.risk", note=note)
    rows = [
        [Button(f"{plan_name(say, offer.plan)} · {say.won(offer.price_won)}", data=f"newplan:{offer.plan.id}")]
        for offer in offers
    ]
    return Screen(text, rows=[*rows, [Button(say.plain("newparty.back"), data="new")]])


def seats(say: Speech, offer: Offer) -> Screen:
    """Show the rule and ask for the seats, the host's included."""
    plan = offer.plan
    options = range(plan.seats_min, plan.seats_max + 1)
    rows = [
        [
            Button(
                say.plain("newparty.seats_button", seats=n, share=say.won(split(offer.price_won, n)[-1])),
                data=f"newseats:{plan.id}:{n}",
            )
        ]
        for n in options
    ]
    text = say(
        "newparty.seats",
        plan=full_name(say, offer.service, plan),
        price=say.won(offer.price_won),
        rule=rule(say, plan),
        checked=say.day(plan.checked_on),
    )
    return Screen(text, rows=[*rows, [Button(say.plain("newparty.back"), data=f"newservice:{offer.service.id}")]])


def start(say: Speech, offer: Offer, chosen_seats: int, today: date) -> Screen:
    """Ask for the first day."""
    days = [(n, today + timedelta(days=n)) for n in START_IN_DAYS]
    rows = [
        [
            Button(
                say.plain(f"newparty.start_{n}", day=say.day(day)),
                data=f"newstart:{offer.plan.id}:{chosen_seats}:{day.strftime(DAY)}",
            )
        ]
        for n, day in days
    ]
    return Screen(
        say("newparty.start"), rows=[*rows, [Button(say.plain("newparty.back"), data=f"newplan:{offer.plan.id}")]]
    )


def billing_day(say: Speech, offer: Offer, chosen_seats: int, starts_on: date) -> Screen:
    """Ask for the day of the month on which each month begins."""
    base = f"{offer.plan.id}:{chosen_seats}:{starts_on.strftime(DAY)}"
    same = Button(say.plain("newparty.day_same", day=starts_on.day), data=f"newday:{base}:{starts_on.day}")
    others = [
        Button(
            say.plain("newparty.day_last") if day == 31 else say.plain("newparty.day", day=day),
            data=f"newday:{base}:{day}",
        )
        for day in BILLING_DAYS
        if day != starts_on.day
    ]
    back = Button(say.plain("newparty.back"), data=f"newseats:{offer.plan.id}:{chosen_seats}")
    rows = [[same], *[others[i : i + 4] for i in range(0, len(others), 4)], [back]]
    return Screen(say("newparty.billing_day"), rows=rows)


def day_name(say: Speech, anchor_day: int) -> str:
    """Return the billing day in words; the 31st is the last day, whatever the month."""
    return say.plain("newparty.day_last") if anchor_day == 31 else say.plain("newparty.day", day=anchor_day)


def summary(say: Speech, offer: Offer, terms: Terms) -> Screen:
    """Show everything before the party opens."""
    shares = split(offer.price_won, terms.seats)
    base = f"{offer.plan.id}:{terms.seats}:{terms.starts_on.strftime(DAY)}"
    text = say(
        "newparty.summary",
        plan=full_name(say, offer.service, offer.plan),
        price=say.won(offer.price_won),
        seats=terms.seats,
        share=say.won(shares[-1]),
        starts=say.day(terms.starts_on),
        day=say.plain("newparty.day_last")
        if terms.anchor_day == 31
        else say.plain("newparty.day", day=terms.anchor_day),
        rule=rule(say, offer.plan),
    )
    if len(set(shares)) > 1:
        text += "\n" + say("newparty.odd_won")
    return Screen(
        text,
        rows=[
            [Button(say.plain("newparty.open"), data=f"newopen:{base}:{terms.anchor_day}:{offer.price_won}")],
            [Button(say.plain("newparty.back"), data=f"newstart:{base}")],
        ],
    )


def opened(say: Speech, offer: Offer) -> Screen:
    """The party is open, in place of the summary."""
    return Screen(say("newparty.opened", plan=full_name(say, offer.service, offer.plan)))
