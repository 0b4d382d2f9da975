"""Money on its way to hosts: what is planned is exported in one batch and confirmed by somebody else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Select, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.acts import record_act
from core.alerts import alert
from core.billing.ledger import balance, post
from core.billing.payout_accounts import code_of, details_of, forget_replaced, is_account, refuse_account
from core.billing.payout_plans import lock_parties
from core.billing.tables import (
    PAYOUT_MOVES,
    Account,
    AccountState,
    LedgerEntry,
    Payout,
    PayoutAccount,
    PayoutBatch,
    PayoutState,
)
from core.db import changed
from core.errors import InvalidInput, NotFound, NotYours, Outdated
from core.outbox import notice
from core.sealing import Seal

PROOF_WON = 1


class InstructionKind(StrEnum):
    """What a transfer is for: paying a host, or proving an account by one won."""

    PAYOUT = "payout"
    VERIFY = "verify"


class Result(StrEnum):
    """What the bank said of a transfer."""

    DONE = "done"
    RETURNED = "returned"


@dataclass(frozen=True)
class Instruction:
    """One transfer that an operator is to make; it holds an account number in clear."""

    batch_id: int
    key: str
    kind: InstructionKind
    bank: str
    number: str
    holder: str
    won: int
    code: str | None = None

    def __repr__(self) -> str:
        return f"Instruction(key={self.key!r}, won={self.won})"


@dataclass(frozen=True)
class Line:
    """One line of a file that comes back: which instruction it is about, and what the bank said.

    `to` is the bank and the account as the file has them; None when nobody has read them.
    """

    number: int
    batch_id: int
    key: str
    won: int
    result: Result
    to: tuple[str, str] | None = None

    def __repr__(self) -> str:
        return f"Line(number={self.number}, key={self.key!r}, won={self.won})"


@dataclass(frozen=True)
class Confirmed:
    """What confirming a batch changed; nothing when it had been confirmed before."""

    batch_id: int
    done: int = 0
    returned: int = 0
    before: str | None = None


@dataclass(frozen=True)
class Waiting:
    """What waits to be exported, and the batches that wait to be confirmed, each with its payouts and their won.

    `kept` payouts are planned and cannot go out: their host has no proven account, or owes as much. `debts` are what
    hosts owe, by person.
    """

    payouts: int
    won: int
    codes: int
    batches: Sequence[tuple[PayoutBatch, int, int]]
    kept: int
    kept_won: int
    debts: Sequence[tuple[int, int]]


async def export_batch(session: AsyncSession, by: str, now: datetime) -> PayoutBatch:
    """Put every planned payout and every account that waits for its code into one batch.

    NotFound when there is nothing to export, or another operator has just exported it.
    """
    batch = PayoutBatch(exported_at=now, exported_by=by)
    session.add(batch)
    await session.flush()
    payouts = await _export_payouts(session, batch, now)
    codes = await _export_codes(session, batch, now)
    if not payouts + codes:
        raise NotFound(what="instructions")
    record_act(session, now, by, "payouts_exported", batch=batch.id, payouts=payouts, codes=codes)
    return batch


async def _export_payouts(session: AsyncSession, batch: PayoutBatch, now: datetime) -> int:
    exported = 0
    for person_id in sorted(set(await session.scalars(_ready().with_only_columns(Payout.person_id)))):
        await lock_parties(session, person_id)
    # Locked with their accounts: one that its host replaces at this moment is blanked, unless an instruction names it.
    for payout in (await session.scalars(_ready().order_by(Payout.id).with_for_update())).all():
        await _set_off(session, payout, now)
        if await _move(session, payout, PayoutState.EXPORTED, batch_id=batch.id, exported_at=now):
            exported += 1
            notice(session, now, payout.person_id, "payouts.on_its_way", {"payout": payout.id})
    return exported


async def _set_off(session: AsyncSession, payout: Payout, now: datetime) -> None:
    """Keep back from a payout what its host has come to owe since it was planned."""
    debt = await balance(session, Account.PAYABLE, person_id=payout.person_id)
    if debt <= 0:
        return
    lines = {Account.TRANSFER: debt, Account.PAYABLE: -debt}
    post(session, set_off_event(payout.id), lines, now, person_id=payout.person_id)
    payout.amount_won -= debt
    await session.flush()


def set_off_event(payout_id: int) -> str:
    """Return the name of the event by which a planned payout became smaller."""
    return f"payout-less-{payout_id}"


async def _export_codes(session: AsyncSession, batch: PayoutBatch, now: datetime) -> int:
    exported = 0
    for account in (await session.scalars(_unproven().order_by(PayoutAccount.id).with_for_update())).all():
        once = update(PayoutAccount).where(PayoutAccount.id == account.id, PayoutAccount.code_batch_id.is_(None))
        if await changed(session, once.values(code_batch_id=batch.id)):
            exported += 1
            still = {"check": "code_awaited", "account": account.id}
            notice(session, now, account.person_id, "payouts.code_sent", {"account": account.id}, valid_while=still)
    return exported


def _ready() -> Select[Payout]:
    """Return the payouts that can be exported: their account has not lost its proof since, nor their host come to owe
    as much."""
    owes = select(func.coalesce(func.sum(LedgerEntry.amount_won), 0)).where(
        LedgerEntry.account == Account.PAYABLE, LedgerEntry.person_id == Payout.person_id
    )
    proven = PayoutAccount.current.is_(True), PayoutAccount.state == AccountState.VERIFIED
    return (
        select(Payout)
        .join(PayoutAccount, PayoutAccount.id == Payout.account_id)
        .where(Payout.state == PayoutState.PLANNED, *proven, owes.scalar_subquery() < Payout.amount_won)
    )


def _unproven() -> Select[PayoutAccount]:
    return select(PayoutAccount).where(
        PayoutAccount.current.is_(True),
        PayoutAccount.state == AccountState.PENDING,
        PayoutAccount.code_batch_id.is_(None),
    )


async def waiting(session: AsyncSession) -> Waiting:
    """Return what operators have before them: what an export would take, and what is to be confirmed."""
    ready = (await session.scalars(_ready())).all()
    codes = (await session.scalars(_unproven())).all()
    open_batches = await session.execute(
        select(PayoutBatch, func.count(Payout.id), func.coalesce(func.sum(Payout.amount_won), 0))
        .join(Payout, Payout.batch_id == PayoutBatch.id, isouter=True)
        .where(PayoutBatch.confirmed_at.is_(None))
        .group_by(PayoutBatch.id)
        .order_by(PayoutBatch.id)
    )
    batches = [(batch, count, int(won)) for batch, count, won in open_batches]
    planned = (await session.scalars(select(Payout).where(Payout.state == PayoutState.PLANNED))).all()
    kept = [payout.amount_won for payout in planned if payout not in ready]
    won = sum(payout.amount_won for payout in ready)
    return Waiting(len(ready), won, len(codes), batches, len(kept), sum(kept), await _debts(session))


async def _debts(session: AsyncSession) -> Sequence[tuple[int, int]]:
    owes = func.sum(LedgerEntry.amount_won)
    rows = await session.execute(
        select(LedgerEntry.person_id, owes)
        .where(LedgerEntry.account == Account.PAYABLE)
        .group_by(LedgerEntry.person_id)
        .having(owes > 0)
        .order_by(LedgerEntry.person_id)
    )
    return [(person_id, int(won)) for person_id, won in rows if person_id is not None]


async def instructions(session: AsyncSession, seal: Seal, batch_id: int) -> Sequence[Instruction]:
    """Return a batch's transfers, the same ones each time until it is confirmed; Outdated afterwards."""
    batch = await session.get(PayoutBatch, batch_id)
    if batch is None:
        raise NotFound(what="batch", id=batch_id)
    if batch.confirmed_at is not None:
        raise Outdated(what="batch", id=batch_id, by=batch.confirmed_by)
    paid = await session.execute(
        select(Payout, PayoutAccount)
        .join(PayoutAccount, PayoutAccount.id == Payout.account_id)
        .where(Payout.batch_id == batch_id)
        .order_by(Payout.id)
    )
    listed = []
    for payout, account in paid:
        to = details_of(seal, account)
        key, won = payout.payout_key, payout.amount_won
        listed.append(Instruction(batch_id, key, InstructionKind.PAYOUT, to.bank, to.number, to.holder, won))
    for account in await _proofs(session, batch_id):
        to = details_of(seal, account)
        key, code = proof_key(account), code_of(seal, account)
        proof = Instruction(batch_id, key, InstructionKind.VERIFY, to.bank, to.number, to.holder, PROOF_WON, code)
        listed.append(proof)
    return listed


async def note_rewriting(session: AsyncSession, batch_id: int, by: str, now: datetime) -> None:
    """Keep that a batch's file is written once more; NotYours for anybody but its exporter, or one operator could send
    a file of their own making to the bank and confirm it."""
    batch = await session.get(PayoutBatch, batch_id)
    if batch is None:
        raise NotFound(what="batch", id=batch_id)
    if batch.exported_by != by:
        raise NotYours(what="batch", id=batch_id, by=batch.exported_by)
    record_act(session, now, by, "payouts_written_again", batch=batch_id)


async def _proofs(session: AsyncSession, batch_id: int) -> Sequence[PayoutAccount]:
    ours = select(PayoutAccount).where(PayoutAccount.code_batch_id == batch_id)
    return (await session.scalars(ours.order_by(PayoutAccount.id))).all()


def proof_key(account: PayoutAccount) -> str:
    """Return the key of an account's one-won transfer."""
    return f"vf_{account.id}"


async def confirm_batch(
    session: AsyncSession, by: str, lines: Sequence[Line], now: datetime, seal: Seal | None = None
) -> Confirmed:
    """Book what the bank said of a whole batch; the same file a second time changes nothing.

    InvalidInput with the line's number for a file that is not exactly about one batch of another operator's.
    """
    if not lines:
        raise InvalidInput(field="confirmation", rule="empty", line=1)
    batch = await session.get(PayoutBatch, lines[0].batch_id, with_for_update=True)
    if batch is None:
        raise InvalidInput(field="confirmation", rule="batch", line=lines[0].number)
    if batch.exported_by == by:
        raise InvalidInput(field="confirmation", rule="same_operator", line=lines[0].number)
    payouts = {
        payout.payout_key: payout
        for payout in await session.scalars(select(Payout).where(Payout.batch_id == batch.id).order_by(Payout.id))
    }
    proofs = {proof_key(account): account for account in await _proofs(session, batch.id)}
    _compare(batch, lines, {key: payout.amount_won for key, payout in payouts.items()} | dict.fromkeys(proofs, 1))
    if batch.confirmed_at is not None:
        _compare_results(lines, payouts)
        return Confirmed(batch.id, before=batch.confirmed_by)
    await _compare_accounts(session, lines, payouts, proofs, seal)
    for line in lines:
        if line.key in payouts:
            await _close(session, payouts[line.key], line.result, now)
        elif line.result is Result.RETURNED:
            await _refuse(session, proofs[line.key], now)
    batch.confirmed_at, batch.confirmed_by = now, by
    await session.flush()
    await forget_replaced(session)
    returned = sum(line.result is Result.RETURNED for line in lines)
    record_act(session, now, by, "payouts_confirmed", batch=batch.id, done=len(lines) - returned, returned=returned)
    return Confirmed(batch.id, len(lines) - returned, returned)


def _compare(batch: PayoutBatch, lines: Sequence[Line], expected: dict[str, int]) -> None:
    """Refuse a file with a line too many, too few, or one that is not what was exported."""
    seen: set[str] = set()
    for line in lines:
        rule = None
        if line.batch_id != batch.id:
            rule = "batch"
        elif line.key not in expected:
            rule = "key"
        elif line.key in seen:
            rule = "doubled"
        elif line.won != expected[line.key]:
            rule = "won"
        if rule is not None:
            raise InvalidInput(field="confirmation", rule=rule, line=line.number)
        seen.add(line.key)
    if missing := sorted(expected.keys() - seen):
        raise InvalidInput(field="confirmation", rule="missing", line=lines[-1].number + 1, key=missing[0])


async def _compare_accounts(
    session: AsyncSession,
    lines: Sequence[Line],
    payouts: dict[str, Payout],
    proofs: dict[str, PayoutAccount],
    seal: Seal | None,
) -> None:
    """Refuse a file in which a transfer goes to another account than was exported."""
    for line in lines:
        if line.to is None:
            continue
        payout = payouts.get(line.key)
        account = await session.get_one(PayoutAccount, payout.account_id) if payout else proofs[line.key]
        if not is_account(account, *line.to, seal):
            raise InvalidInput(field="confirmation", rule="account", line=line.number)


def _compare_results(lines: Sequence[Line], payouts: dict[str, Payout]) -> None:
    for line in lines:
        payout = payouts.get(line.key)
        if payout is not None and payout.state is not _CLOSED_AS[line.result]:
            raise InvalidInput(field="confirmation", rule="result", line=line.number)


async def _close(session: AsyncSession, payout: Payout, result: Result, now: datetime) -> None:
    if not await _move(session, payout, _CLOSED_AS[result], under_way=None, closed_at=now):
        return
    won, person_id = payout.amount_won, payout.person_id
    if result is Result.DONE:
        lines = {Account.TRANSFER: won, Account.BANK: -won}
        post(session, f"payout-done-{payout.id}", lines, now, person_id=person_id)
        notice(session, now, person_id, "payouts.paid", {"payout": payout.id})
        return
    lines = {Account.TRANSFER: won, Account.PAYABLE: -won}
    post(session, f"payout-back-{payout.id}", lines, now, person_id=person_id)
    await refuse_account(session, payout.account_id)
    notice(session, now, person_id, "payouts.returned", {"payout": payout.id})
    await alert(session, now, "payout_returned", payout.id, payout=payout.id, won=won)


async def _refuse(session: AsyncSession, account: PayoutAccount, now: datetime) -> None:
    await refuse_account(session, account.id)
    if account.current:
        notice(session, now, account.person_id, "payouts.code_returned", {"account": account.id})


async def _move(session: AsyncSession, payout: Payout, after: PayoutState, **values: object) -> bool:
    before = payout.state
    if after not in PAYOUT_MOVES.get(before, set()):
        raise ValueError(f"a payout does not move from {before} to {after}")
    guarded = update(Payout).where(Payout.id == payout.id, Payout.state == before)
    return await changed(session, guarded.values(state=after, **values)) == 1


_CLOSED_AS = {Result.DONE: PayoutState.CONFIRMED, Result.RETURNED: PayoutState.RETURNED}
