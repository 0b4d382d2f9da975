"""Where a host's money goes: registered, proven by the code that comes with one won, replaced; sealed throughout."""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from core.billing.banks import BANKS
from core.billing.tables import (
    ACCOUNT_MOVES,
    AccountState,
    Payout,
    PayoutAccount,
    PayoutBatch,
    PayoutState,
)
from core.db import changed
from core.errors import InvalidInput, Outdated
from core.outbox import validity
from core.sealing import Seal, SealBroken

CODE_DIGITS = 4
MOST_TRIES = 5
HOLDER_LENGTH = 30
_NUMBER = re.compile(r"[0-9]{10,16}")
_HOLDER_SIGNS = " .,()·&-"


class Proof(StrEnum):
    """What became of a code that a host typed in."""

    VERIFIED = "verified"
    WRONG = "wrong"
    USED_UP = "used_up"


@dataclass(frozen=True)
class Details:
    """A bank's code, an account number and its holder's name, in clear: never logged, never kept like this."""

    bank: str
    number: str
    holder: str

    def __repr__(self) -> str:
        return f"Details(bank={self.bank!r})"


def new_code() -> str:
    """Return the digits that come with the one-won transfer."""
    return f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"


def known_bank(code: str) -> str:
    """Return a bank's code; InvalidInput for one that payouts do not go to."""
    if code not in BANKS:
        raise InvalidInput(field="button", rule="bank")
    return code


def clean_number(text: str) -> str:
    """Return an account number as digits; hyphens and spaces between them are how people write it."""
    number = re.sub(r"[ -]", "", text.strip())
    if not _NUMBER.fullmatch(number):
        raise InvalidInput(field="account_number", rule="digits")
    return number


def clean_holder(text: str) -> str:
    """Return the name of an account's holder: one line of letters and the signs that names have."""
    holder = " ".join(text.split())
    letters = [sign for sign in holder if sign not in _HOLDER_SIGNS]
    if not 2 <= len(holder) <= HOLDER_LENGTH or not all(sign.isalpha() for sign in letters) or not letters:
        raise InvalidInput(field="account_holder", rule="name")
    return holder


async def account_of(session: AsyncSession, person_id: int) -> PayoutAccount | None:
    """Return the account that a person's money goes to."""
    return await session.scalar(
        select(PayoutAccount).where(PayoutAccount.person_id == person_id, PayoutAccount.current.is_(True))
    )


async def register_account(
    session: AsyncSession,
    seal: Seal,
    person_id: int,
    details: Details,
    now: datetime,
    *,
    code: Callable[[], str] = new_code,
) -> PayoutAccount:
    """Register a person's account in place of the one before; it has to be proven before anything is paid to it.

    Outdated when another one is being registered at this moment.
    """
    known_bank(details.bank)
    number, holder = clean_number(details.number), clean_holder(details.holder)
    former = update(PayoutAccount).where(PayoutAccount.person_id == person_id, PayoutAccount.current.is_(True))
    await changed(session, former.values(current=None, state=AccountState.REPLACED))
    account = PayoutAccount(
        person_id=person_id,
        bank=details.bank,
        last4=number[-4:],
        state=AccountState.PENDING,
        tries=0,
        created_at=now,
    )
    try:
        async with session.begin_nested():
            session.add(account)
    except IntegrityError:
        raise Outdated(what="payout_account") from None
    account.number_sealed = seal.close(number, cell(account.id, "number"))
    account.holder_sealed = seal.close(holder, cell(account.id, "holder"))
    account.code_sealed = seal.close(code(), cell(account.id, "code"))
    await session.flush()
    await forget_replaced(session)
    return account


async def prove_account(session: AsyncSession, seal: Seal, person_id: int, typed: str, now: datetime) -> Proof:
    """Compare what the host typed with the code that went out; after five tries the account must be registered anew.

    Raises nothing for a wrong code, so that the try is kept. Outdated when no code is waited for.
    """
    account = await account_of(session, person_id)
    if account is None or account.code_sealed is None or not waits_for_code(account):
        raise Outdated(what="payout_account")
    waiting = update(PayoutAccount).where(
        PayoutAccount.id == account.id, PayoutAccount.state == AccountState.PENDING, PayoutAccount.tries < MOST_TRIES
    )
    if not await changed(session, waiting.values(tries=PayoutAccount.tries + 1)):
        raise Outdated(what="payout_account")
    await session.refresh(account)
    digits = re.sub(r"[^0-9]", "", typed) if typed.isascii() else ""
    if hmac.compare_digest(digits, seal.open(account.code_sealed, cell(account.id, "code"))):
        await move_account(session, account.id, AccountState.PENDING, AccountState.VERIFIED, verified_at=now)
        await _follow(session, account)
        return Proof.VERIFIED
    if account.tries < MOST_TRIES:
        return Proof.WRONG
    await move_account(session, account.id, AccountState.PENDING, AccountState.REFUSED)
    return Proof.USED_UP


def waits_for_code(account: PayoutAccount) -> bool:
    """Tell whether the code has gone out and the host has not typed it in."""
    return account.state is AccountState.PENDING and account.code_batch_id is not None


@validity("code_awaited")
async def _code_awaited(session: AsyncSession, question: Mapping[str, Any]) -> bool:
    account = await session.get(PayoutAccount, question["account"])
    return account is not None and bool(account.current) and waits_for_code(account)


def tries_left(account: PayoutAccount) -> int:
    """Return how often the host may still type a code."""
    return MOST_TRIES - account.tries


async def move_account(
    session: AsyncSession, account_id: int, before: AccountState, after: AccountState, **values: object
) -> bool:
    """Move an account from one state to another; False when it was not in the first one."""
    if after not in ACCOUNT_MOVES.get(before, set()):
        raise ValueError(f"an account does not move from {before} to {after}")
    guarded = update(PayoutAccount).where(PayoutAccount.id == account_id, PayoutAccount.state == before)
    return await changed(session, guarded.values(state=after, **values)) == 1


async def refuse_account(session: AsyncSession, account_id: int) -> None:
    """Pay nothing more to an account from which money came back, until its host registers one."""
    for before in (AccountState.PENDING, AccountState.VERIFIED):
        await move_account(session, account_id, before, AccountState.REFUSED)


async def forget_replaced(session: AsyncSession) -> None:
    """Blank what is sealed of accounts that were replaced and that no instruction under way still names."""
    instructed = select(Payout.account_id).where(Payout.state == PayoutState.EXPORTED)
    over = select(PayoutBatch.id).where(PayoutBatch.confirmed_at.is_not(None))
    unused = update(PayoutAccount).where(
        PayoutAccount.current.is_(None),
        PayoutAccount.number_sealed.is_not(None),
        PayoutAccount.id.not_in(instructed),
        or_(PayoutAccount.code_batch_id.is_(None), PayoutAccount.code_batch_id.in_(over)),
    )
    await changed(session, unused.values(number_sealed=None, holder_sealed=None, code_sealed=None))


def details_of(seal: Seal, account: PayoutAccount) -> Details:
    """Open an account for an instruction; Outdated when its details have been forgotten."""
    if account.number_sealed is None or account.holder_sealed is None:
        raise Outdated(what="payout_account")
    return Details(
        account.bank,
        seal.open(account.number_sealed, cell(account.id, "number")),
        seal.open(account.holder_sealed, cell(account.id, "holder")),
    )


def is_account(account: PayoutAccount, bank: str, number: str, seal: Seal | None) -> bool:
    """Tell whether a bank and a number, as a spreadsheet may have saved them, are those of an account.

    Where no key opens the number any more, its last digits have to do: what the bank did must still be booked.
    """
    digits = re.sub(r"[ -]", "", number)
    if bank.zfill(len(account.bank)) != account.bank or not digits.endswith(account.last4):
        return False
    if seal is None or account.number_sealed is None:
        return True
    try:
        return digits == seal.open(account.number_sealed, cell(account.id, "number"))
    except SealBroken:
        return True


def code_of(seal: Seal, account: PayoutAccount) -> str:
    """Open the code that goes out with an account's one-won transfer; Outdated when it has been forgotten."""
    if account.code_sealed is None:
        raise Outdated(what="payout_account")
    return seal.open(account.code_sealed, cell(account.id, "code"))


async def _follow(session: AsyncSession, account: PayoutAccount) -> None:
    """Let a payout that nobody has exported yet go to the account that has just been proven."""
    planned = update(Payout).where(Payout.person_id == account.person_id, Payout.state == PayoutState.PLANNED)
    await changed(session, planned.values(account_id=account.id))


def cell(account_id: int, column: str) -> str:
    """Return the one cell in which a sealed word of an account opens."""
    return f"payout_account:{account_id}:{column}"
