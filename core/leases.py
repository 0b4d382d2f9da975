"""A name taken for a time: who holds it may do a thing that must not be done twice at once."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, ExternalId, UtcDateTime, changed


class Lease(Base):
    """A name, its holder, and until when."""

    __tablename__ = "lease"

    name: Mapped[str] = mapped_column(ExternalId(64), primary_key=True)
    holder: Mapped[str] = mapped_column(ExternalId(64))
    held_until: Mapped[datetime] = mapped_column(UtcDateTime)


async def take(session: AsyncSession, name: str, holder: str, now: datetime, length: timedelta) -> bool:
    """Take or renew the lease `name` for `holder`; False when somebody else still holds it."""
    taken = await changed(
        session,
        update(Lease)
        .where(Lease.name == name, or_(Lease.holder == holder, Lease.held_until <= now))
        .values(holder=holder, held_until=now + length),
    )
    if taken:
        return True
    if await session.scalar(select(Lease.name).where(Lease.name == name)):
        return False
    try:
        async with session.begin_nested():
            session.add(Lease(name=name, holder=holder, held_until=now + length))
    except IntegrityError:
        return False
    return True


async def give_back(session: AsyncSession, name: str, holder: str, now: datetime) -> None:
    """End `holder`'s lease now, so that the next one need not wait."""
    await changed(session, update(Lease).where(Lease.name == name, Lease.holder == holder).values(held_until=now))
