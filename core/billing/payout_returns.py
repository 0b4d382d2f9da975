"""A payout that its bank sends back days after it was confirmed: what was booked is reversed, and it is owed again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.acts import record_act
from core.billing.ledger import post
from core.billing.payout_accounts import refuse_account
from core.billing.payout_plans import lock_parties
from core.billing.tables import Account, Payout, PayoutState
from core.db import changed
from core.errors import NotFound, Outdated
from core.outbox import notice


async def return_payout(session: AsyncSession, key: str, by: str, now: datetime) -> Payout:
    """Book that a confirmed payout came back: it is owed to its host again, who is asked for another account.

    NotFound, or Outdated when it was not paid (any more). It goes out again as every payout does, by two operators.
    """
    payout = await session.scalar(select(Payout).where(Payout.payout_key == key)) if key.isascii() else None
    if payout is None:
        raise NotFound(what="payout", key=key)
    await lock_parties(session, payout.person_id)
    paid = update(Payout).where(Payout.id == payout.id, Payout.state == PayoutState.CONFIRMED)
    if not await changed(session, paid.values(state=PayoutState.RETURNED, closed_at=now)):
        raise Outdated(what="payout", id=payout.id)
    won, host = payout.amount_won, payout.person_id
    post(session, f"payout-undone-{payout.id}", {Account.BANK: won, Account.TRANSFER: -won}, now, person_id=host)
    post(session, f"payout-back-{payout.id}", {Account.TRANSFER: won, Account.PAYABLE: -won}, now, person_id=host)
    await refuse_account(session, payout.account_id)
    notice(session, now, host, "payouts.returned", {"payout": payout.id})
    record_act(session, now, by, "payout_returned", payout=payout.id, won=won)
    return payout
