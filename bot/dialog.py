"""A question that the bot asked and that waits for words; one per person, with an end."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, delete
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, UtcDateTime

PATIENCE = timedelta(minutes=15)


class Dialog(Base):
    """The pending question of a person."""

    __tablename__ = "dialog"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    question: Mapped[str] = mapped_column(String(32))
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)


async def ask(session: AsyncSession, person_id: int, question: str, now: datetime, **data: object) -> None:
    """Wait for the person's next words as the answer to `question`; an older question is forgotten."""
    await session.merge(Dialog(person_id=person_id, question=question, data=data, expires_at=now + PATIENCE))


async def pending(session: AsyncSession, person_id: int) -> Dialog | None:
    """Return the question that waits, expired or not: an expired one still means that words are no room talk."""
    return await session.get(Dialog, person_id)


async def forget(session: AsyncSession, person_id: int) -> None:
    """Wait for nothing any more."""
    await session.execute(delete(Dialog).where(Dialog.person_id == person_id))
    await session.flush()
