"""Parties as their host, their members and strangers see them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from urllib.parse import quote as url_quote

from bot.screen import Button, Rows, Screen, screens_of
from bot.texts import Speech
from bot.views import refunds as refund_views
from bot.views.newparty import day_name, full_name, rule
from core.billing import BillCard, Later, Quote
from core.catalogue import InviteMethod
from core.flows import BackPlan, Invitation, LeavePlan, PartyCard
from core.parties import JOINABLE, Checklist, Membership, MembershipState, PartyState, Role
from core.people import Person


def invitation(say: Speech, seen: Invitation) -> Screen:
    """What a party offers: exact share, first payment, total, rule, seats; one button to join."""
    q, party = seen.quote, seen.party
    text = say(
        "parties.invitation",
        plan=full_name(say, seen.service, seen.plan),
        host=seen.host.nickname,
        left=seen.seats_left,
        seats=party.seats,
        price=say.won(q.price_won),
        share=say.won(q.share_won),
        fee=monthly_fee(say, q),
        day=day_name(say, party.anchor_day),
        first=first_payment(say, q),
        amount=say.won(q.amount_won),
        rule=rule(say, seen.plan),
    )
    if seen.plan.invite_method is InviteMethod.CREDENTIALS:
        text += "\n\n" + say("parties.needs_password")
    agreed = f"{party.code}:{q.amount_won}"
    if q.later is not None:
        text += "\n\n" + later_price(say, q.later)
        agreed += f":{q.later.amount_won}"
    rows = [[Button(say.plain("parties.join", amount=say.won(q.amount_won)), data=f"join:{agreed}")]]
    return Screen(text, rows=[*rows, [Button(say.plain("people.read_terms"), data="terms")]])


def monthly_fee(say: Speech, q: Quote) -> str:
    """Return the operator's fee on a whole month with the total, as a line of its own; empty where there is none."""
    fee = q.monthly_won - q.share_won
    return say("prices.monthly_fee", fee=say.won(fee), total=say.won(q.monthly_won)) + "\n" if fee else ""


def later_price(say: Speech, later: Later) -> str:
    """Say what a seat will cost from a coming cycle on."""
    day, price = say.day(later.from_on), say.won(later.price_won)
    return say("prices.later", from_day=day, price=price, amount=say.won(later.amount_won))


def first_payment(say: Speech, q: Quote) -> str:
    """Return how the first amount came about."""
    period = say.days(q.serves_from, q.period.last_day)
    of_days = say.won(q.amount_won - q.fee_won)
    if q.days == q.period.days:
        first = say("parties.first_full", period=period, amount=of_days)
    else:
        share, of = say.won(q.share_won), q.period.days
        first = say("parties.first_part", period=period, share=share, days=q.days, of=of, amount=of_days)
    return first + (say("prices.first_fee", fee=say.won(q.fee_won), amount=say.won(q.amount_won)) if q.fee_won else "")


def seat_held(say: Speech, card: BillCard, membership: Membership, link: str) -> Screen:
    """The seat is held; pay within the time."""
    until = say.moment(membership.held_until) if membership.held_until else ""
    return Screen(
        say(
            "parties.seat_held",
            plan=full_name(say, card.service, card.plan),
            until=until,
            amount=say.won(card.bill.amount_won),
        ),
        rows=[
            [pay_button(say, card, link)],
            [Button(say.plain("parties.give_up"), data=f"unjoin:{card.party.id}")],
        ],
    )


def pay_button(say: Speech, card: BillCard, link: str) -> Button:
    """The button that opens the payment page."""
    return Button(say.plain("parties.pay", amount=say.won(card.bill.amount_won)), url=link)


def seat_given_up(say: Speech) -> Screen:
    """The held seat is free again."""
    return Screen(say("parties.seat_given_up"), rows=[[Button(say.plain("people.go_my"), data="go:my")]])


# Telegram takes a hundred buttons below a message.
MOST_ROWS = 100


def my(
    say: Speech,
    person: Person,
    cards: Sequence[PartyCard],
    due: Sequence[tuple[BillCard, str]],
    queues: Sequence[tuple[str, Rows]],
    today: date,
) -> list[Screen]:
    """A person's parties, what is due, and where they wait for a seat; as many messages as that takes."""
    if not cards and not queues:
        rows = [[Button(say.plain("people.go_newparty"), data="go:newparty")]]
        return [Screen(say("parties.none", nickname=person.nickname), rows=rows)]
    lines = [
        say(
            "parties.line",
            plan=full_name(say, card.service, card.plan),
            role=say.plain("parties.role_host" if card.host.id == person.id else "parties.role_member"),
            taken=len(card.seats),
            seats=card.party.seats,
            state=say.plain(f"parties.state_{card.party.state}"),
        )
        for card in cards
    ]
    blocks = [say("parties.my", nickname=person.nickname) + "\n", *lines, *(line for line, _ in queues)]
    rows = []
    if due:
        blocks += ["\n" + say("parties.due"), *(due_line(say, card, today) for card, _ in due)]
        rows += _pay_buttons(say, due)
    rows += [[Button(full_name(say, card.service, card.plan), data=f"party:{card.party.id}")] for card in cards]
    rows += [list(row) for _, of_line in queues for row in of_line]
    return screens_of(blocks, "\n", rows[:MOST_ROWS])


def due_line(say: Speech, card: BillCard, today: date) -> str:
    """One unpaid bill in a line: until when it is to be paid, that it is late, or that a payment is being checked."""
    name, amount, day = (
        full_name(say, card.service, card.plan),
        say.won(card.bill.amount_won),
        say.day(card.bill.due_on),
    )
    key = "parties.due_line"
    if card.bill.approving_attempt is not None:
        key = "parties.due_line_checking"
    elif card.bill.due_on < today and card.membership.state is not MembershipState.RESERVED:
        key = "parties.due_line_late"  # a seat held over midnight is not late
    return say(key, plan=name, amount=amount, day=day)


def _pay_buttons(say: Speech, due: Sequence[tuple[BillCard, str]]) -> list[list[Button]]:
    return [[pay_button(say, card, link)] for card, link in due if card.bill.approving_attempt is None]


def seat_lines(say: Speech, card: PartyCard, *, for_host: bool) -> str:
    """Who sits where; that somebody is suspended is for the host alone."""
    lines = []
    for seat in card.seats:
        hidden = seat.membership.state is MembershipState.SUSPENDED and not for_host
        state = MembershipState.ACTIVE if hidden else seat.membership.state
        role = "host" if seat.membership.role is Role.HOST else str(state)
        lines.append(say(f"parties.seat_{role}", nickname=seat.person.nickname))
    free = card.party.seats - len(card.seats)
    if free:
        lines.append(say("parties.seats_free", n=free))
    if card.waiting and for_host:
        lines.append(say("waiting.how_many", n=card.waiting))
    return "\n".join(lines)


def monthly_price(say: Speech, card: PartyCard, today: date) -> str:
    """Return what the plan costs in the running month, and from when on another price that is decided already."""
    won, change = card.prices_on(today)
    if change is None:
        return say.won(won)
    return say("prices.soon", now=say.won(won), from_day=say.day(change.from_cycle_on), new=say.won(change.new_won))


def _about(say: Speech, card: PartyCard, today: date) -> str:
    return say(
        "parties.card",
        plan=full_name(say, card.service, card.plan),
        state=say.plain(f"parties.state_{card.party.state}"),
        price=monthly_price(say, card, today),
        seats=card.party.seats,
        starts=say.day(card.party.starts_on),
        day=day_name(say, card.party.anchor_day),
    )


def host_card(say: Speech, card: PartyCard, today: date) -> Screen:
    """A party as its host sees it."""
    party = card.party
    rows = []
    if len(card.seats) < party.seats and party.state in JOINABLE:
        rows.append([Button(say.plain("parties.invite"), data=f"share:{party.id}")])
    if card.paid_members:
        rows.append([Button(say.plain("parties.access"), data=f"access:{party.id}")])
        rows.append([Button(say.plain("parties.room"), data=f"room:{party.id}")])
        rows.append(
            [
                Button(say.plain("payouts.go_status"), data="go:status"),
                Button(say.plain("payouts.go_payout"), data="go:payout"),
            ]
        )
    if party.state is PartyState.RECRUITING:
        rows.append([Button(say.plain("parties.cancel"), data=f"cancel:{party.id}")])
    if party.state is PartyState.ACTIVE:
        label = "prices.changed" if card.prices.asking() is None else "prices.see_answers"
        rows.append([Button(say.plain(label), data=f"price:{party.id}")])
        rows.append([Button(say.plain("refunds.end_party"), data=f"end:{party.id}")])
    if party.state is PartyState.ENDING:
        rows.append([Button(say.plain("refunds.end_now"), data=f"endnow:{party.id}")])
    return Screen(f"{_about(say, card, today)}\n\n{seat_lines(say, card, for_host=True)}", rows=rows)


def member_card(
    say: Speech, card: PartyCard, membership: Membership, due: Sequence[tuple[BillCard, str]], today: date
) -> Screen:
    """A party as one of its members sees it."""
    party = card.party
    hosted_by = say("parties.hosted_by", host=card.host.nickname)
    text = f"{_about(say, card, today)}\n{hosted_by}\n\n{seat_lines(say, card, for_host=False)}"
    rows = [*_pay_buttons(say, due)]
    if due:
        text += "\n\n" + "\n".join(due_line(say, bill, today) for bill, _ in due)
    if membership.state is MembershipState.RESERVED:
        rows.append([Button(say.plain("parties.give_up"), data=f"unjoin:{party.id}")])
    elif membership.state is MembershipState.SUSPENDED:
        text += "\n\n" + say("late.you_are_suspended")
    else:
        rows.append([Button(say.plain("parties.access"), data=f"access:{party.id}")])
        rows.append([Button(say.plain("parties.room"), data=f"room:{party.id}")])
    if card.prices.asking() is not None and membership.state is not MembershipState.LEAVING:
        rows.append([Button(say.plain("prices.see"), data=f"price:{party.id}")])
    if membership.state in (MembershipState.ACTIVE, MembershipState.SUSPENDED):
        rows.append([Button(say.plain("parties.leave"), data=f"leave:{party.id}")])
    if membership.state is MembershipState.LEAVING and membership.leaves_on:
        text += "\n\n" + say("parties.leaving_on", day=say.day(membership.leaves_on))
        rows.append([Button(say.plain("parties.stay"), data=f"stay:{party.id}")])
    return Screen(text, rows=rows)


def share_card(say: Speech, card: PartyCard, offered: Quote, link: str) -> Screen:
    """What a host passes on: the offer in a few lines, and the link."""
    free = card.party.seats - len(card.seats)
    text = say(
        "parties.share_card",
        plan=full_name(say, card.service, card.plan),
        share=say.won(offered.share_won),
        fee=monthly_fee(say, offered),
        price=say.won(offered.price_won),
        seats=card.party.seats,
        n=free,
        starts=say.day(card.party.starts_on),
        day=day_name(say, card.party.anchor_day),
        link=link,
    )
    message = say.plain(
        "parties.share_text", plan=full_name(say, card.service, card.plan), share=say.won(offered.monthly_won)
    )
    passing_on = f"https://t.me/share/url?url={url_quote(link, safe='')}&text={url_quote(message, safe='')}"
    return Screen(
        text,
        rows=[
            [Button(say.plain("parties.send_on"), url=passing_on), Button(say.plain("parties.copy_link"), copy=link)],
            [Button(say.plain("parties.manage"), data=f"party:{card.party.id}")],
        ],
    )


def ask_cancel(say: Speech, card: PartyCard) -> Screen:
    """Ask once more before a party is called off."""
    party = card.party
    return Screen(
        say("parties.ask_cancel", plan=full_name(say, card.service, card.plan), n=card.paid_members),
        rows=[
            [Button(say.plain("parties.cancel_yes"), data=f"cancelok:{party.id}")],
            [Button(say.plain("parties.keep"), data=f"party:{party.id}")],
        ],
    )


def cancelled(say: Speech, back_won: int) -> Screen:
    """The party is called off."""
    if back_won:
        return Screen(say("parties.called_off_back", back=say.won(back_won)))
    return Screen(say("parties.called_off_free"))


def not_in_party(say: Speech) -> Screen:
    """The reader sits in this party no longer."""
    return Screen(say("parties.not_in_party"), rows=[[Button(say.plain("people.go_my"), data="go:my")]])


def ask_leave(say: Speech, party_id: int, plan: LeavePlan, withdrawal: BackPlan | None) -> Screen:
    """What leaving means, before it happens; in the first seven days also what leaving at once brings back."""
    text = say("parties.ask_leave_now" if plan.at_once else "parties.ask_leave", day=say.day(plan.leaves_on))
    if plan.back_won:
        text += "\n" + say("parties.leave_back", back=say.won(plan.back_won))
    rows = [[Button(say.plain("parties.leave_yes"), data=f"leaveok:{party_id}:{plan.back_won}")]]
    if withdrawal is not None and not plan.at_once:
        offer, button = refund_views.withdrawal_offer(say, party_id, withdrawal)
        text += f"\n\n{offer}"
        rows.append([button])
    return Screen(text, rows=[*rows, [Button(say.plain("parties.keep"), data=f"party:{party_id}")]])


def leaving(say: Speech, party_id: int, plan: LeavePlan) -> Screen:
    """The leave is noted."""
    text = say("parties.left_now" if plan.at_once else "parties.leaving", day=say.day(plan.leaves_on))
    if plan.back_won:
        text += "\n" + say("parties.leave_back", back=say.won(plan.back_won))
    rows = [] if plan.at_once else [[Button(say.plain("parties.stay"), data=f"stay:{party_id}")]]
    return Screen(text, rows=rows)


def _line_mark(say: Speech, checklist: Checklist, step: str) -> str:
    return ("✅ " if step in checklist.done else "⬜ ") + say(f"parties.step_{step}")


def access_for_member(say: Speech, card: PartyCard, checklist: Checklist) -> Screen:
    """A member's way in, line by line."""
    lines = "\n".join(_line_mark(say, checklist, line.step) for line in checklist.lines)
    key = f"parties.access_{checklist.method}"
    text = say(key, plan=full_name(say, card.service, card.plan)) + f"\n\n{lines}"
    coming = checklist.next
    rows = []
    if coming is None:
        text += "\n\n" + say("parties.access_all_done")
    elif coming.by is Role.MEMBER:
        rows = [
            [Button(say.plain(f"parties.tick_{coming.step}"), data=f"tick:{checklist.membership.id}:{coming.step}")]
        ]
    else:
        text += "\n\n" + say("parties.access_waits_for_host")
    return Screen(text, rows=rows)


def access_for_host(say: Speech, card: PartyCard, listed: Sequence[tuple[str, Checklist]]) -> Screen:
    """Every member's way in; the host ticks the invitations."""
    blocks, rows = [], []
    for nickname, checklist in listed:
        lines = "\n".join(_line_mark(say, checklist, line.step) for line in checklist.lines)
        blocks.append(f"{say('parties.access_of', nickname=nickname)}\n{lines}")
        coming = checklist.next
        if coming is not None and coming.by is Role.HOST:
            label = say.plain(f"parties.tick_{coming.step}", nickname=nickname)
            rows.append([Button(label, data=f"tick:{checklist.membership.id}:{coming.step}")])
    head = say(f"parties.access_host_{card.plan.invite_method}", plan=full_name(say, card.service, card.plan))
    return Screen("\n\n".join([head, *blocks]), rows=rows)
