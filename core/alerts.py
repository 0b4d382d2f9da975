"""What an operator must look at: said once an hour at most, however often it happens."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from core import leases
from core.outbox import Kind, Outgoing

QUIET = timedelta(hours=1)
_PREFIX = "alert-"


async def alert(session: AsyncSession, now: datetime, name: str, about: object = "", **facts: object) -> bool:
    """Tell the operators that `name` happened to `about`; False when they were told within the last hour."""
    if not await leases.take(session, f"{_PREFIX}{name}-{about}"[:64], uuid4().hex, now, QUIET):
        return False
    session.add(Outgoing(kind=Kind.NOTICE, name=f"alerts.{name}", data=facts, not_before=now, created_at=now))
    return True


async def purge_alerts(session: AsyncSession, now: datetime) -> None:
    """Forget when operators were last told of what may be told again."""
    over = delete(leases.Lease).where(leases.Lease.name.startswith(_PREFIX), leases.Lease.held_until <= now)
    await session.execute(over)
