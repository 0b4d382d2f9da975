"""What happened with one bill, in order of time: from every table that knows of it, down to the ledger's lines."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import chain, groupby

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.acts import OperatorAct
from core.billing.bills import bill_card
from core.billing.explaining import Explained, explain
from core.billing.tables import (
    SILENT,
    UNFINISHED,
    Account,
    Attempt,
    Bill,
    BillState,
    LedgerEntry,
    MoneyRecord,
    Payout,
    PayoutBatch,
    PayoutState,
    Refund,
    Reminder,
    ReminderState,
)
from core.parties.tables import Claim
from core.people import Person

Fact = str | int | bool | datetime | None


class Of(StrEnum):
    """What an entry is about, in the order in which things of the same instant follow each other."""

    BILL = "bill"
    REMINDER = "reminder"
    CLAIM = "claim"
    ATTEMPT = "attempt"
    REFUND = "refund"
    PAYOUT = "payout"
    ACT = "act"
    RECORD = "record"
    LEDGER = "ledger"


_ORDER = {of: place for place, of in enumerate(Of)}


@dataclass(frozen=True)
class Entry:
    """One thing that happened: to which row, what, how many won it was about, and what else is known."""

    at: datetime
    of: Of
    row: int | str
    what: str
    won: int | None
    facts: Mapping[str, Fact]


@dataclass(frozen=True)
class History:
    """A bill and how it came about, where its money stands by account, and everything that happened with it."""

    explained: Explained
    payer: Person
    balances: Mapping[Account, int]
    entries: Sequence[Entry]


async def bill_history(session: AsyncSession, bill_id: int) -> History:
    """Return everything that is known of a bill; NotFound when there is none of this id."""
    card = await bill_card(session, bill_id)
    explained = await explain(session, card)
    claims = await _claims(session, card.bill)
    attempts = (await session.scalars(select(Attempt).where(Attempt.bill_id == bill_id).order_by(Attempt.id))).all()
    payouts = await _payouts(session, card.bill, card.party.host_id)
    entries = [
        *_bill(card.bill),
        *await _reminders(session, bill_id),
        *_each(_claim(claim) for claim in claims),
        *_each(_attempt(attempt) for attempt in attempts),
        *_each(_refund(refund) for refund in explained.refunds),
        *_each(_payout(payout, batch) for payout, batch in payouts),
        *await _records(session, bill_id),
        *await _ledger(session, bill_id),
        *await _acts(
            session,
            attempt=[each.id for each in attempts],
            refund=[each.id for each in explained.refunds],
            claim=[each.id for each in claims],
            batch=[batch.id for _, batch in payouts if batch is not None],
            payout=[payout.id for payout, _ in payouts],
        ),
    ]
    return History(
        explained,
        await session.get_one(Person, card.bill.person_id),
        await _balances(session, bill_id),
        sorted(entries, key=lambda entry: (entry.at, _ORDER[entry.of])),
    )


def _each(groups: Iterable[Iterable[Entry]]) -> Iterable[Entry]:
    return chain.from_iterable(groups)


def _entry(
    at: datetime | None, of: Of, row: int | str, what: str, won: int | None = None, /, **facts: Fact
) -> Iterable[Entry]:
    """Return an entry for what has happened, without the facts that nobody knows; nothing for what has not."""
    if at is not None:
        yield Entry(at, of, row, what, won, {name: fact for name, fact in facts.items() if fact is not None})


def _bill(bill: Bill) -> Iterable[Entry]:
    yield from _entry(bill.created_at, Of.BILL, bill.id, "opened", bill.amount_won, credit_won=bill.credit_won or None)
    yield from _entry(bill.warned_at, Of.BILL, bill.id, "warned", waits_until=bill.waits_until)
    yield from _entry(bill.final_warned_at, Of.BILL, bill.id, "warned_finally")
    yield from _entry(bill.approving_since, Of.BILL, bill.id, "held", attempt=bill.approving_attempt)
    yield from _entry(bill.paid_at, Of.BILL, bill.id, "paid", bill.amount_won, attempt=bill.paid_attempt)
    yield from _entry(bill.released_at, Of.BILL, bill.id, "released")
    if bill.state is BillState.VOID:
        yield from _entry(bill.closed_at, Of.BILL, bill.id, "void")


async def _reminders(session: AsyncSession, bill_id: int) -> Iterable[Entry]:
    sent = select(Reminder).where(Reminder.bill_id == bill_id, Reminder.state == ReminderState.SENT)
    reminders = (await session.scalars(sent.order_by(Reminder.id))).all()
    return _each(_entry(each.closed_at, Of.REMINDER, each.id, "sent", kind=each.kind) for each in reminders)


async def _claims(session: AsyncSession, bill: Bill) -> Sequence[Claim]:
    """Return the claims of the bill's stay that are about days of it."""
    concerned = select(Claim).where(
        Claim.membership_id == bill.membership_id,
        Claim.broken_since < bill.serves_until,
        or_(Claim.broken_until.is_(None), Claim.broken_until > bill.serves_from),
    )
    return (await session.scalars(concerned.order_by(Claim.id))).all()


def _claim(claim: Claim) -> Iterable[Entry]:
    yield from _entry(claim.opened_at, Of.CLAIM, claim.id, "opened", broken_since=str(claim.broken_since))
    yield from _entry(claim.answered_at, Of.CLAIM, claim.id, "answered")
    until = None if claim.broken_until is None else str(claim.broken_until)
    yield from _entry(claim.closed_at, Of.CLAIM, claim.id, str(claim.state), broken_until=until, by=claim.closed_by)


def _attempt(attempt: Attempt) -> Iterable[Entry]:
    of, row = Of.ATTEMPT, attempt.id
    asked: dict[str, Fact] = {"state": str(attempt.state), "asks": attempt.asks, "ask_at": attempt.ask_at}
    yield from _entry(
        attempt.created_at, of, row, "begun", attempt.amount_won, order=attempt.order_id, card=attempt.card_id,
        **(asked if attempt.state in SILENT else {}),
    )  # fmt: skip
    yield from _entry(
        attempt.closed_at, of, row, str(attempt.state), attempt.received_won, receipt=attempt.receipt_id,
        method=attempt.method, word=attempt.provider_word, receipt_url=attempt.receipt_url,
    )  # fmt: skip


def _refund(refund: Refund) -> Iterable[Entry]:
    of, row = Of.REFUND, refund.id
    asked: dict[str, Fact] = {"state": str(refund.state), "asks": refund.asks, "ask_at": refund.ask_at}
    yield from _entry(
        refund.created_at, of, row, "planned", refund.amount_won, reason=refund.reason, way=str(refund.way),
        key=refund.refund_key, stray=refund.stray or None, attempt=refund.attempt_id,
        **(asked if refund.state in UNFINISHED else {}),
    )  # fmt: skip
    yield from _entry(refund.done_at, of, row, str(refund.state), refund.amount_won, word=refund.provider_word)


async def _payouts(session: AsyncSession, bill: Bill, host_id: int) -> Sequence[tuple[Payout, PayoutBatch | None]]:
    """Return the payouts that took the bill's released money along: one, or several where it came back."""
    mine = LedgerEntry.account == Account.PAYABLE, LedgerEntry.person_id == host_id
    after = await session.scalar(
        select(LedgerEntry.id).where(*mine, LedgerEntry.bill_id == bill.id, LedgerEntry.event == f"release-{bill.id}")
    )
    if after is None:
        return []
    rows = await session.execute(
        select(Payout, PayoutBatch)
        .join(PayoutBatch, PayoutBatch.id == Payout.batch_id, isouter=True)
        .where(Payout.person_id == host_id, Payout.created_at >= bill.released_at)
        .order_by(Payout.id)
    )
    found: list[tuple[Payout, PayoutBatch | None]] = []
    for payout, batch in rows:
        planned = select(LedgerEntry.id).where(*mine, LedgerEntry.event == f"payout-{payout.id}")
        if (await session.scalar(planned) or 0) < after:
            continue  # at the same instant, but before the release
        found.append((payout, batch))
        if payout.state is not PayoutState.RETURNED:
            break
    return found


def _payout(payout: Payout, batch: PayoutBatch | None) -> Iterable[Entry]:
    of, row, won = Of.PAYOUT, payout.id, payout.amount_won
    yield from _entry(payout.created_at, of, row, "planned", won, key=payout.payout_key)
    if batch is not None:
        yield from _entry(payout.exported_at, of, row, "exported", won, batch=batch.id, by=batch.exported_by)
        told_at = batch.confirmed_at
        said = payout.state if payout.closed_at == told_at else PayoutState.CONFIRMED
        yield from _entry(told_at, of, row, str(said), won, batch=batch.id, by=batch.confirmed_by)
    if batch is None or payout.closed_at != batch.confirmed_at:
        yield from _entry(payout.closed_at, of, row, str(payout.state), won)


async def _records(session: AsyncSession, bill_id: int) -> Iterable[Entry]:
    records = await session.scalars(select(MoneyRecord).where(MoneyRecord.bill_id == bill_id).order_by(MoneyRecord.id))
    return _each(_entry(each.at, Of.RECORD, each.id, each.what, **each.facts) for each in records.all())


async def _acts(session: AsyncSession, **about: Collection[int]) -> Iterable[Entry]:
    """Return what operators did about these rows, by the name under which an act keeps their numbers."""
    named = [OperatorAct.facts[name].as_integer().in_(rows) for name, rows in about.items() if rows]
    if not named:
        return []
    acts = await session.scalars(select(OperatorAct).where(or_(*named)).order_by(OperatorAct.id))
    return _each(_entry(each.at, Of.ACT, each.id, each.what, **(each.facts | {"who": each.who})) for each in acts.all())


async def _ledger(session: AsyncSession, bill_id: int) -> Iterable[Entry]:
    """Return the bill's lines of the books, an entry for each event."""
    lines = select(LedgerEntry).where(LedgerEntry.bill_id == bill_id).order_by(LedgerEntry.id)
    events = groupby((await session.scalars(lines)).all(), key=lambda line: (line.event, line.at))
    return [
        Entry(at, Of.LEDGER, event, "booked", None, {str(line.account): line.amount_won for line in booked})
        for (event, at), booked in events
    ]


async def _balances(session: AsyncSession, bill_id: int) -> Mapping[Account, int]:
    """Return what each account holds of the bill's money; those at zero are left out."""
    total = func.sum(LedgerEntry.amount_won)
    rows = await session.execute(
        select(LedgerEntry.account, total)
        .where(LedgerEntry.bill_id == bill_id)
        .group_by(LedgerEntry.account)
        .having(total != 0)
    )
    return {account: int(won) for account, won in rows}
