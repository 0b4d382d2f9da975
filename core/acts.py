"""What operators did: every act of theirs leaves a row."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, String
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, Id, UtcDateTime


class OperatorAct(Base):
    """Who did what, and when; rows are added and never changed."""

    __tablename__ = "operator_act"

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    who: Mapped[str] = mapped_column(String(40))
    what: Mapped[str] = mapped_column(String(40), index=True)
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


def record_act(session: AsyncSession, now: datetime, who: str, what: str, **facts: object) -> None:
    """Keep that an operator did something."""
    session.add(OperatorAct(who=who, what=what, facts=facts, at=now))
