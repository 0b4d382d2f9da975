"""The operators' desk for money that goes back: transfers they make, claims they decide, a day held against Bootpay."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date

from rich.table import Table

from bot.desk import UNUSABLE, Desk, DeskRefused
from core import billing, flows
from core.billing import Compared
from core.db import Database
from core.errors import InvalidInput, NotFound, Outdated, ProviderRefused, ProviderUnclear
from core.parties import claims_under_way

WRONG_DAY = "it can have worked again only after it broke, and not later than today"
NO_TRANSFER, NO_CLAIM = "no refund {} waits for a transfer", "there is no claim {}"


async def transfers(db: Database) -> str:
    """Say which refunds wait to be transferred, and whom to ask for the account."""
    async with db.read() as session:
        waiting = await billing.waiting_transfers(session)
    lines = [
        f"refund {one.refund.id}: {one.refund.amount_won:,} won ({one.refund.reason}, bill {one.refund.bill_id})"
        f" to {one.nickname}, tg://user?id={one.telegram_id or '-'}, since {one.refund.created_at:%Y-%m-%d}"
        for one in waiting
    ]
    return "\n".join(lines) or "no refund waits to be transferred"


@contextmanager
def _refusing(missing: str, too_late: str) -> Iterator[None]:
    try:
        yield
    except NotFound:
        raise DeskRefused(missing, UNUSABLE) from None
    except Outdated:
        raise DeskRefused(too_late) from None


async def transferred(desk: Desk, refund_id: int) -> str:
    """Book that the operator has transferred a refund."""
    with _refusing(NO_TRANSFER.format(refund_id), f"refund {refund_id} does not wait any more: nothing changes"):
        refund = await desk.db.transact(billing.confirm_transfer, refund_id, desk.by, desk.clock.now())
    return f"refund {refund_id}: {refund.amount_won:,} won transferred"


async def payment_given_up(desk: Desk, attempt_id: int) -> str:
    """End a payment of which Bootpay tells nobody, as the operator says who has looked in its console."""
    with _refusing(f"there is no attempt {attempt_id}", f"attempt {attempt_id} is not stuck: nothing changes"):
        attempt = await desk.db.transact(billing.give_up_payment, attempt_id, desk.by, desk.clock.now())
    return f"attempt {attempt_id}: given up, bill {attempt.bill_id} can be paid again"


async def refund_given_up(desk: Desk, refund_id: int) -> str:
    """Turn a refund of which Bootpay tells nobody into a transfer."""
    with _refusing(f"there is no refund {refund_id}", f"refund {refund_id} is not stuck: nothing changes"):
        transfer = await desk.db.transact(billing.give_up_refund, refund_id, desk.by, desk.clock.now())
    return f"refund {refund_id}: given up, refund {transfer.id} of {transfer.amount_won:,} won waits for your transfer"


async def claims(db: Database) -> str:
    """Say which claims wait to be decided."""
    async with db.read() as session:
        waiting = await claims_under_way(session)
    lines = [
        f"claim {claim.id}: party {claim.party_id}, membership {claim.membership_id}, broken since"
        f" {claim.broken_since}, {claim.state}, opened {claim.opened_at:%Y-%m-%d %H:%M} UTC"
        for claim in waiting
    ]
    return "\n".join(lines) or "no claim waits to be decided"


async def look(desk: Desk, claim_id: int, *, works_since: date | None = None) -> str:
    """Say what upholding a claim would give back, and change nothing."""
    try:
        async with desk.db.read() as session:
            plan = await flows.claim_preview(session, claim_id, desk.clock.now(), works_since=works_since)
    except NotFound:
        raise DeskRefused(NO_CLAIM.format(claim_id), UNUSABLE) from None
    except InvalidInput:
        raise DeskRefused(WRONG_DAY, UNUSABLE) from None
    return "\n".join([f"claim {claim_id}: {plan.back_won:,} won would go back, nothing is decided", *_lines(plan)])


def _lines(plan: flows.BackPlan) -> Sequence[str]:
    return [f"  bill {line.bill_id}: {line.days} days, {line.won:,} won" for line in plan.lines]


async def decide(desk: Desk, claim_id: int, *, upheld: bool, works_since: date | None = None) -> str:
    """Decide a claim, and say what goes back."""
    try:
        plan = await desk.db.transact(
            flows.resolve_claim,
            claim_id,
            desk.by,
            desk.clock.now(),
            desk.settings.limits,
            upheld=upheld,
            works_since=works_since,
        )
    except NotFound:
        raise DeskRefused(NO_CLAIM.format(claim_id), UNUSABLE) from None
    except Outdated:
        raise DeskRefused(f"claim {claim_id} is closed: nothing changes") from None
    except InvalidInput:
        raise DeskRefused(WRONG_DAY, UNUSABLE) from None
    if not upheld:
        return f"claim {claim_id}: rejected"
    return "\n".join([f"claim {claim_id}: upheld, {plan.back_won:,} won go back", *_lines(plan)])


async def compare(db: Database, bootpay: billing.Provider, day: date) -> Sequence[Compared]:
    """Hold a day's payments against Bootpay's receipts."""
    try:
        return await billing.compare_day(db, bootpay, day)
    except (ProviderUnclear, ProviderRefused) as error:
        raise DeskRefused(f"Bootpay does not answer ({error}): nothing was compared", UNUSABLE) from None


def as_table(day: date, compared: Sequence[Compared]) -> Table:
    """Return a day's payments with what Bootpay says, a row each, and their sums."""
    table = Table(title=f"{day} in Seoul")
    for column in ("attempt", "bill", "paid", "refunded", "Bootpay: paid", "Bootpay: cancelled"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("difference", no_wrap=True)
    for one in compared:
        theirs = (_won(one.their_price_won), _won(one.their_cancelled_won), one.difference or "")
        table.add_row(str(one.attempt_id), str(one.bill_id), _won(one.paid_won), _won(one.refunded_won), *theirs)
    table.add_section()
    totals = _totals(compared)
    table.add_row("total", str(len(compared)), *(_won(won) for won in totals.values()), "")
    return table


def as_json(day: date, compared: Sequence[Compared]) -> str:
    """Return the same as JSON."""
    return json.dumps({"day": day.isoformat(), "payments": [asdict(one) for one in compared], **_totals(compared)})


def _totals(compared: Sequence[Compared]) -> dict[str, int]:
    return {
        "paid_won": sum(one.paid_won for one in compared),
        "refunded_won": sum(one.refunded_won for one in compared),
        "their_paid_won": sum(one.their_price_won or 0 for one in compared),
        "their_cancelled_won": sum(one.their_cancelled_won or 0 for one in compared),
    }


def _won(won: int | None) -> str:
    return "-" if won is None else f"{won:,}"
