"""Sealing anew, under the newest key of the ring, what a former key sealed, so that the former one can go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from core.acts import record_act
from core.billing import cards, payout_accounts
from core.billing.tables import Card, PayoutAccount
from core.clock import Clock
from core.db import Database, changed
from core.sealing import Seal, SealBroken

MOST = 100
RESEALED_ACT = "keys_resealed"


@dataclass(frozen=True)
class _Column:
    """A column of sealed words, and the cell that each of its rows was sealed for."""

    table: type[PayoutAccount] | type[Card]
    sealed: InstrumentedAttribute[str | None]
    cell: Callable[[int], str]


def _of_account(sealed: InstrumentedAttribute[str | None], name: str) -> _Column:
    return _Column(PayoutAccount, sealed, lambda row_id: payout_accounts.cell(row_id, name))


_COLUMNS = (
    _of_account(PayoutAccount.number_sealed, "number"),
    _of_account(PayoutAccount.holder_sealed, "holder"),
    _of_account(PayoutAccount.code_sealed, "code"),
    _Column(Card, Card.key_sealed, cards.cell),
)


@dataclass(frozen=True)
class Resealed:
    """How many cells are under the newest key now that were not before, and those that no key of the ring opens."""

    cells: int
    broken: Sequence[str]


async def reseal(db: Database, seal: Seal, by: str, clock: Clock) -> Resealed:
    """Seal every account and card anew that another key than the newest sealed, and keep which operator did it.

    Each batch is committed by itself: stopped at any moment it is called again and does what is left.
    """
    cells, broken = 0, list[str]()
    for column in _COLUMNS:
        after = 0
        while rows := await _former(db, seal, column, after):
            done, unopened = await db.transact(_reseal_rows, seal, column, rows, by, clock.now())
            cells, after = cells + done, rows[-1][0]
            broken += unopened
    return Resealed(cells, broken)


async def _former(db: Database, seal: Seal, column: _Column, after: int) -> Sequence[tuple[int, str]]:
    """Return the next rows that the newest key has not sealed."""
    # Compared letter by letter: LIKE takes a key's name in other letters' case for the same on SQLite.
    mark = func.substr(column.sealed, 1, len(seal.mark))
    query = select(column.table.id, column.sealed).where(column.sealed.is_not(None), mark != seal.mark)
    async with db.read() as session:
        rows = await session.execute(query.where(column.table.id > after).order_by(column.table.id).limit(MOST))
        return [(row_id, sealed or "") for row_id, sealed in rows]


async def _reseal_rows(
    session: AsyncSession, seal: Seal, column: _Column, rows: Sequence[tuple[int, str]], by: str, now: datetime
) -> tuple[int, Sequence[str]]:
    done, broken = 0, []
    for row_id, sealed in rows:
        cell = column.cell(row_id)
        try:
            anew = seal.close(seal.open(sealed, cell), cell)
        except SealBroken:
            broken.append(cell)
            continue
        # What was blanked or replaced meanwhile stays so.
        mine = update(column.table).where(column.table.id == row_id, column.sealed == sealed)
        done += await changed(session, mine.values({column.sealed: anew}))
    if done:
        record_act(session, now, by, RESEALED_ACT, column=str(column.sealed), cells=done, through=rows[-1][0])
    return done, broken
