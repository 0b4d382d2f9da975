"""Who uses TWO: a person and what they agreed to."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, BigInteger, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, ExternalId, Id, State, UtcDateTime

QUIET_FROM, QUIET_UNTIL = 21, 8


class AgeBand(StrEnum):
    """What a person said of their age; the two limits are settings."""

    TEEN = "teen"
    ADULT = "adult"


class Person(Base):
    """Somebody who agreed to the terms; without a Telegram id: erased, or a voice of the demo's crowd.

    Between the hours `quiet_from` and `quiet_until` in Seoul nothing that can wait is sent; equal hours: no quiet.
    """

    __tablename__ = "person"

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    telegram_id: Mapped[int | None] = mapped_column(BigInteger, unique=True)
    nickname: Mapped[str | None] = mapped_column(String(20))
    language: Mapped[str] = mapped_column(String(5))
    age_band: Mapped[AgeBand] = mapped_column(State(AgeBand))
    picture_file_id: Mapped[str | None] = mapped_column(ExternalId(200))
    genres: Mapped[list[str]] = mapped_column(JSON, default=list)
    reachable: Mapped[bool] = mapped_column(default=True)
    quiet_from: Mapped[int] = mapped_column(default=QUIET_FROM)
    quiet_until: Mapped[int] = mapped_column(default=QUIET_UNTIL)
    muted_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Consent(Base):
    """Which version of which text a person agreed to, and when."""

    __tablename__ = "consent"
    __table_args__ = (UniqueConstraint("person_id", "kind", "version"), Base.__table_args__)

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    kind: Mapped[str] = mapped_column(String(24))
    version: Mapped[str] = mapped_column(String(24))
    given_at: Mapped[datetime] = mapped_column(UtcDateTime)
