"""The written rules of what comes back, to the won; pure, so that they can be read and tested as tables.

| what happens | what comes back |
|---|---|
| the stay has not begun | everything |
| the member withdraws within 7 days of paying the first bill, access was not given yet | everything |
| the same, access was given | the days from tomorrow on |
| the member leaves | nothing of the running period, they stay to its end; everything of later ones |
| the host removes the member | the days from tomorrow on |
| the party ends early | the days from its end on |
| a claim is upheld | the days on which it did not work |

A bill is counted by the days that were not served, over all its refunds together: its member never pays for one of
them, never gets a day back twice, and an odd won is theirs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from core.dates import Period

WITHDRAWAL_DAYS = 7


@dataclass(frozen=True)
class PaidBill:
    """What a member paid for a period; `gone_won` is on its way back already, `lost` are days given back before."""

    bill_id: int
    total_won: int
    gone_won: int
    period: Period
    lost: Sequence[Period] = ()


@dataclass(frozen=True)
class Line:
    """One bill of a refund: how many of its days come back now, and what that is in won."""

    bill_id: int
    period: Period
    days: int
    won: int


def may_withdraw(first_paid_on: date, today: date) -> bool:
    """Tell whether a member may still change their mind; the day of the payment is not counted."""
    return today <= first_paid_on + timedelta(days=WITHDRAWAL_DAYS)


def withdrawal(bills: Iterable[PaidBill], today: date, *, access_given: bool) -> list[Line]:
    """Return what a member gets back who changes their mind in time."""
    if not access_given:
        return everything(bills)
    return days_from(bills, today + timedelta(days=1))


def removal(bills: Iterable[PaidBill], today: date) -> list[Line]:
    """Return what a member gets back whom the host removes today."""
    return days_from(bills, today + timedelta(days=1))


def everything(bills: Iterable[PaidBill]) -> list[Line]:
    """Return all that was paid and has not gone back yet."""
    return _worth([_line(bill, [bill.period]) for bill in bills])


def days_from(bills: Iterable[PaidBill], day: date) -> list[Line]:
    """Return the days from `day` on that were paid for; all of a period that begins later."""
    return _worth([_line(bill, [Period(day, bill.period.ends_on)]) for bill in bills])


def days_between(bills: Iterable[PaidBill], since: date, until: date) -> list[Line]:
    """Return the paid days from `since` up to, not including, `until`: on them it did not work."""
    return _worth([_line(bill, [Period(since, until)]) for bill in bills])


def won_of(lines: Iterable[Line]) -> int:
    """Return what the lines sum to."""
    return sum(line.won for line in lines)


def _worth(lines: Iterable[Line]) -> list[Line]:
    return [line for line in lines if line.won]


def _line(bill: PaidBill, now_lost: Sequence[Period]) -> Line:
    before, after = _days_lost(bill.period, bill.lost), _days_lost(bill.period, [*bill.lost, *now_lost])
    # What stays is rounded down, so what comes back is rounded up.
    stays = bill.total_won * (bill.period.days - after) // bill.period.days
    return Line(bill.bill_id, bill.period, after - before, max(0, bill.total_won - stays - bill.gone_won))


def _days_lost(period: Period, lost: Iterable[Period]) -> int:
    days = range(period.days)
    spans = [((each.starts_on - period.starts_on).days, (each.ends_on - period.starts_on).days) for each in lost]
    return sum(any(first <= day < end for first, end in spans) for day in days)
