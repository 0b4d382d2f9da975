"""OTT services, their plans, and what a plan cost when."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from sqlalchemy import JSON, CheckConstraint, Date, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, ExternalId, Id, State, Won


class SharingRule(StrEnum):
    """With whom a service lets a plan be shared."""

    NONE = "none"
    SAME_HOUSEHOLD = "same_household"
    EXTRA_MEMBER_PAID = "extra_member_paid"
    FAMILY_GROUP = "family_group"
    NOT_SHAREABLE = "not_shareable"


class InviteMethod(StrEnum):
    """How a member gets in once paid."""

    CREDENTIALS = "credentials"
    EXTRA_MEMBER_INVITE = "extra_member_invite"
    FAMILY_GROUP = "family_group"
    NONE = "none"


class Service(Base):
    """An OTT service."""

    __tablename__ = "service"

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    slug: Mapped[str] = mapped_column(ExternalId(40), unique=True)
    name_ko: Mapped[str] = mapped_column(String(40))
    name_en: Mapped[str] = mapped_column(String(40))
    emoji: Mapped[str] = mapped_column(String(8))
    risk_note_ko: Mapped[str | None] = mapped_column(String(200))
    risk_note_en: Mapped[str | None] = mapped_column(String(200))
    tmdb_provider_ids: Mapped[list[int]] = mapped_column(JSON)
    position: Mapped[int]


class Plan(Base):
    """A plan of a service, as the operator's catalogue knows it."""

    __tablename__ = "plan"

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    service_id: Mapped[int] = mapped_column(ForeignKey("service.id"))
    slug: Mapped[str] = mapped_column(ExternalId(60), unique=True)
    name_ko: Mapped[str] = mapped_column(String(60))
    name_en: Mapped[str] = mapped_column(String(60))
    streams: Mapped[int | None]
    profiles: Mapped[int | None]
    downloads: Mapped[int | None]
    sharing_rule: Mapped[SharingRule] = mapped_column(State(SharingRule))
    invite_method: Mapped[InviteMethod] = mapped_column(State(InviteMethod))
    seats_min: Mapped[int]
    seats_max: Mapped[int]
    adult_auth: Mapped[bool]
    confidence: Mapped[str] = mapped_column(String(12))
    source: Mapped[str] = mapped_column(String(200))
    checked_on: Mapped[date] = mapped_column(Date)
    position: Mapped[int]
    withdrawn: Mapped[bool] = mapped_column(default=False)

    @property
    def shareable(self) -> bool:
        """Tell whether parties may be opened on this plan."""
        return not self.withdrawn and self.sharing_rule is not SharingRule.NOT_SHAREABLE and self.seats_max > 1


class PlanPrice(Base):
    """What a plan costs a month from `valid_from` on, up to the next price."""

    __tablename__ = "plan_price"
    __table_args__ = (
        UniqueConstraint("plan_id", "valid_from"),
        CheckConstraint("price_won > 0", name="price_positive"),
        Base.__table_args__,
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    price_won: Mapped[int] = mapped_column(Won)
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)
