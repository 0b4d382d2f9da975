"""A host's money as screens and news; account numbers appear by their last four digits only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from bot.screen import Button, Screen, screens_of
from bot.texts import Speech
from bot.views.newparty import full_name
from core.billing import (
    BANKS,
    AccountState,
    Bill,
    BillState,
    Coming,
    CyclePayments,
    PayoutAccount,
    PayoutBoard,
    PayoutCard,
    PayoutState,
    waits_for_code,
)
from core.dates import Period
from core.flows import PartyCard

BANKS_IN_A_ROW = 3
DAYS_SHOWN = 6


def board(say: Speech, money: PayoutBoard, cards: Mapping[int, PartyCard], today: date, *, offered: bool) -> Screen:
    """What is held and until when, what is owed, what is on its way, and the account."""
    blocks = [say("payouts.board"), *_owed(say, money), *_coming(say, money.coming, cards, today)]
    if money.under_way is not None:
        blocks.append(_under_way(say, money.under_way))
    if money.paid_won:
        blocks.append(say("payouts.paid_so_far", won=say.won(money.paid_won)))
    if not offered:
        return Screen("\n\n".join([*blocks, say("payouts.not_offered")]))
    blocks.append(_account(say, money.account))
    return Screen("\n\n".join(blocks), rows=_account_buttons(say, money.account))


def _owed(say: Speech, money: PayoutBoard) -> list[str]:
    if money.owed_won > 0:
        return [say("payouts.owed", won=say.won(money.owed_won))]
    if money.owed_won < 0:
        return [say("payouts.debt", won=say.won(-money.owed_won))]
    return [] if money.coming or money.under_way else [say("payouts.nothing")]


def _coming(say: Speech, coming: Sequence[Coming], cards: Mapping[int, PartyCard], today: date) -> list[str]:
    if not coming:
        return []
    held = say("payouts.held", won=say.won(sum(one.won for one in coming)))
    lines = [_coming_line(say, one, cards[one.party_id], today) for one in coming[:DAYS_SHOWN]]
    return ["\n".join([held, *lines])]


def _coming_line(say: Speech, one: Coming, card: PartyCard, today: date) -> str:
    plan, won = full_name(say, card.service, card.plan), say.won(one.won)
    if one.releases_on <= today:
        return say("payouts.waits", plan=plan, won=won)
    return say("payouts.coming", day=say.day(one.releases_on), plan=plan, won=won)


def _under_way(say: Speech, card: PayoutCard) -> str:
    planned = card.payout.state is PayoutState.PLANNED
    key = "payouts.planned" if planned else "payouts.exported"
    text = say(key, won=say.won(card.payout.amount_won), account=masked(say, card.account))
    return text + _set_off(say, card)


def _set_off(say: Speech, card: PayoutCard) -> str:
    return "\n" + say("payouts.set_off", won=say.won(card.set_off_won)) if card.set_off_won else ""


def masked(say: Speech, account: PayoutAccount) -> str:
    """Return an account as it may be shown: its bank and the last four digits."""
    return say.plain("payouts.masked", bank=say.plain(f"payouts.bank_{account.bank}"), last4=account.last4)


def _account(say: Speech, account: PayoutAccount | None) -> str:
    if account is None:
        return say("payouts.account_none")
    state = "code_sent" if waits_for_code(account) else str(account.state)
    return say(f"payouts.account_{state}", account=masked(say, account))


def _account_buttons(say: Speech, account: PayoutAccount | None) -> list[list[Button]]:
    rows = []
    if account is not None and waits_for_code(account):
        rows.append([_code_button(say)])
    fits = account is not None and account.state in (AccountState.PENDING, AccountState.VERIFIED)
    return [*rows, [Button(say.plain("payouts.change" if fits else "payouts.register"), data="paccount")]]


def _code_button(say: Speech) -> Button:
    return Button(say.plain("payouts.type_code"), data="pcode")


def _register_button(say: Speech) -> Button:
    return Button(say.plain("payouts.register"), data="paccount")


def banks(say: Speech) -> Screen:
    """Which bank?"""
    buttons = [Button(say.plain(f"payouts.bank_{code}"), data=f"pbank:{code}") for code in BANKS]
    rows = [buttons[at : at + BANKS_IN_A_ROW] for at in range(0, len(buttons), BANKS_IN_A_ROW)]
    return Screen(say("payouts.ask_bank"), rows=rows)


def ask_holder(say: Speech, bank: str) -> Screen:
    """Whose account is it?"""
    return Screen(say("payouts.ask_holder", bank=say.plain(f"payouts.bank_{bank}")))


def ask_number(say: Speech, bank: str) -> Screen:
    """Which number?"""
    return Screen(say("payouts.ask_number", bank=say.plain(f"payouts.bank_{bank}")))


def registered(say: Speech, account: PayoutAccount) -> Screen:
    """The account is registered and will be proven by one won."""
    return Screen(say("payouts.registered", account=masked(say, account)))


def ask_code(say: Speech, account: PayoutAccount) -> Screen:
    """Which digits came with one won?"""
    return Screen(say("payouts.ask_code", account=masked(say, account)))


def wrong_code(say: Speech, left: int) -> Screen:
    """Those are not the digits."""
    return Screen(say("payouts.wrong_code", n=left))


def used_up(say: Speech, account: PayoutAccount) -> Screen:
    """Too many wrong digits: register anew."""
    return Screen(say("payouts.used_up", account=masked(say, account)), rows=[[_register_button(say)]])


def proven(say: Speech, account: PayoutAccount) -> Screen:
    """The account is proven."""
    rows = [[Button(say.plain("payouts.go_payout"), data="go:payout")]]
    return Screen(say("payouts.proven", account=masked(say, account)), rows=rows)


def status(say: Speech, listed: Sequence[tuple[PartyCard, bool, Sequence[CyclePayments]]], today: date) -> list[Screen]:
    """Who has paid, party by party: names for the host, numbers for members; as many messages as that takes."""
    blocks = [
        _payments(say, card, month, today, hosted=hosted) for card, hosted, payments in listed for month in payments
    ]
    if not blocks:
        return [Screen(say("payouts.status_none"), rows=[[Button(say.plain("people.go_my"), data="go:my")]])]
    return screens_of([say("payouts.status"), *blocks], "\n\n")


def _payments(say: Speech, card: PartyCard, month: CyclePayments, today: date, *, hosted: bool) -> str:
    cycle = month.cycle
    period = say.days(cycle.starts_on, Period(cycle.starts_on, cycle.ends_on).last_day)
    plan, total = full_name(say, card.service, card.plan), len(month.bills)
    head = say("payouts.status_party", plan=plan, period=period, paid=month.paid, of=total)
    if not hosted:
        return head
    return "\n".join([head, *(_payment(say, bill, person.nickname or "", today) for bill, person in month.bills)])


def _payment(say: Speech, bill: Bill, nickname: str, today: date) -> str:
    won, day = say.won(bill.total_won), say.day(bill.due_on)
    if bill.state is BillState.OPEN and bill.approving_attempt is not None:
        return say("payouts.status_checking", nickname=nickname, won=won)
    if bill.state is BillState.OPEN and bill.due_on < today:
        return say("payouts.status_late", nickname=nickname, won=won, day=day)
    return say(f"payouts.status_{bill.state}", nickname=nickname, won=won, day=day)


def released(say: Speech, card: PartyCard, won: int, *, has_account: bool) -> Screen:
    """A served period's money is the host's."""
    text = say("payouts.released", plan=full_name(say, card.service, card.plan), won=say.won(won))
    if has_account:
        return Screen(text)
    return Screen(text + "\n" + say("payouts.released_no_account"), rows=[[_register_button(say)]])


def on_its_way(say: Speech, card: PayoutCard) -> Screen:
    """A payout was handed to the bank."""
    text = say("payouts.on_its_way", won=say.won(card.payout.amount_won), account=masked(say, card.account))
    return Screen(text + _set_off(say, card))


def paid(say: Speech, card: PayoutCard) -> Screen:
    """A payout has arrived."""
    return Screen(say("payouts.paid", won=say.won(card.payout.amount_won), account=masked(say, card.account)))


def returned(say: Speech, card: PayoutCard) -> Screen:
    """A payout came back."""
    text = say("payouts.returned", won=say.won(card.payout.amount_won), account=masked(say, card.account))
    return Screen(text, rows=[[_register_button(say)]])


def code_sent(say: Speech, account: PayoutAccount) -> Screen:
    """One won is on its way, with the digits that prove the account."""
    return Screen(say("payouts.code_on_its_way", account=masked(say, account)), rows=[[_code_button(say)]])


def code_returned(say: Speech, account: PayoutAccount) -> Screen:
    """The one won came back."""
    return Screen(say("payouts.code_returned", account=masked(say, account)), rows=[[_register_button(say)]])
