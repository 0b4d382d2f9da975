"""A party, its memberships and how members get in; states and their allowed moves side by side."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, ExternalId, Id, State, UtcDateTime, Won


class PartyState(StrEnum):
    """Where a party stands."""

    RECRUITING = "recruiting"
    ACTIVE = "active"
    PAUSED = "paused"
    ENDING = "ending"
    ENDED = "ended"
    CANCELLED = "cancelled"


PARTY_MOVES: dict[PartyState, set[PartyState]] = {
    PartyState.RECRUITING: {PartyState.ACTIVE, PartyState.CANCELLED},
    PartyState.ACTIVE: {PartyState.ENDING},
    PartyState.ENDING: {PartyState.ENDED},
}


# In these a party takes new members.
JOINABLE = (PartyState.RECRUITING, PartyState.ACTIVE)


class MembershipState(StrEnum):
    """Where a person stands in a party."""

    REQUESTED = "requested"
    WAITING = "waiting"
    OFFERED = "offered"
    RESERVED = "reserved"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    LEAVING = "leaving"
    LEFT = "left"
    REMOVED = "removed"
    DECLINED = "declined"
    EXPIRED = "expired"


MEMBERSHIP_MOVES: dict[MembershipState, set[MembershipState]] = {
    MembershipState.WAITING: {MembershipState.OFFERED, MembershipState.DECLINED},
    MembershipState.OFFERED: {
        MembershipState.RESERVED, MembershipState.DECLINED, MembershipState.EXPIRED, MembershipState.WAITING,
    },
    MembershipState.RESERVED: {MembershipState.ACTIVE, MembershipState.EXPIRED, MembershipState.DECLINED},
    MembershipState.ACTIVE: {
        MembershipState.SUSPENDED, MembershipState.LEAVING, MembershipState.LEFT, MembershipState.REMOVED,
    },
    MembershipState.SUSPENDED: {MembershipState.ACTIVE, MembershipState.LEAVING, MembershipState.REMOVED},
    MembershipState.LEAVING: {MembershipState.ACTIVE, MembershipState.LEFT, MembershipState.REMOVED},
}  # fmt: skip
# States that hold a seat, those of people who may use it, and those of people who read what the room says.
SEATED = (
    MembershipState.OFFERED, MembershipState.RESERVED, MembershipState.ACTIVE, MembershipState.SUSPENDED,
    MembershipState.LEAVING,
)  # fmt: skip
INSIDE = (MembershipState.ACTIVE, MembershipState.LEAVING)
READING = (*INSIDE, MembershipState.SUSPENDED)
# In line for a seat: not in the party yet.
QUEUED = (MembershipState.WAITING, MembershipState.OFFERED)


class Role(StrEnum):
    """Who pays the service, and who pays a share."""

    HOST = "host"
    MEMBER = "member"


class Party(Base):
    """People who share one plan; `version` moves with every move of a seat or a bill, `audited_version` is the last
    one that the audit found right.

    A party is private (whoever has its link) unless it is `listed`; only listed ones pay the operator's fee.

    `ends_on` is the first day without it, once its host has ended it.

    `opened_from` is the message whose button opened it: a button that is tapped twice opens one party.
    """

    __tablename__ = "party"
    __table_args__ = (
        CheckConstraint("seats >= 2", name="seats"),
        CheckConstraint("anchor_day between 1 and 31", name="anchor_day"),
        CheckConstraint("price_won > 0", name="price_positive"),
        UniqueConstraint("host_id", "opened_from"),
        Base.__table_args__,
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    code: Mapped[str] = mapped_column(ExternalId(24), unique=True)
    host_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    seats: Mapped[int]
    min_members: Mapped[int] = mapped_column(default=1)
    price_won: Mapped[int] = mapped_column(Won)
    listed: Mapped[bool] = mapped_column(default=False)
    starts_on: Mapped[date] = mapped_column(Date)
    recruits_until: Mapped[date] = mapped_column(Date)
    ends_on: Mapped[date | None] = mapped_column(Date, index=True)
    anchor_day: Mapped[int]
    state: Mapped[PartyState] = mapped_column(State(PartyState), index=True)
    version: Mapped[int] = mapped_column(default=1)
    audited_version: Mapped[int] = mapped_column(default=0)
    opened_from: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Membership(Base):
    """One person's stay in a party.

    The two unique keys carry the promise that seats are not oversold: a seat number is held once, and a person is in
    a party once. Both columns are emptied when the stay ends.
    """

    __tablename__ = "membership"
    __table_args__ = (
        UniqueConstraint("party_id", "seat"),
        UniqueConstraint("party_id", "person_id", "present"),
        Base.__table_args__,
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    role: Mapped[Role] = mapped_column(State(Role))
    state: Mapped[MembershipState] = mapped_column(State(MembershipState), index=True)
    seat: Mapped[int | None]
    present: Mapped[bool | None] = mapped_column(default=True)
    held_until: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    serves_from: Mapped[date | None] = mapped_column(Date)
    leaves_on: Mapped[date | None] = mapped_column(Date, index=True)
    suspended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    terms_version: Mapped[str] = mapped_column(String(24))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    activated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ClaimState(StrEnum):
    """Where a member's "it does not work" stands."""

    OPEN = "open"
    ANSWERED = "answered"
    UPHELD = "upheld"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


CLAIM_MOVES: dict[ClaimState, set[ClaimState]] = {
    ClaimState.OPEN: {ClaimState.ANSWERED, ClaimState.UPHELD, ClaimState.REJECTED, ClaimState.WITHDRAWN},
    ClaimState.ANSWERED: {ClaimState.UPHELD, ClaimState.REJECTED, ClaimState.WITHDRAWN},
}


class PriceChangeState(StrEnum):
    """Where a new price of a party stands."""

    ASKING = "asking"
    APPLIED = "applied"
    WITHDRAWN = "withdrawn"


class Claim(Base):
    """A member says since when access does not work; while it is open their money stays held.

    Once upheld, the days from `broken_since` up to `broken_until` count as not served.
    """

    __tablename__ = "claim"
    __table_args__ = (UniqueConstraint("membership_id", "under_way"), Base.__table_args__)

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"))
    membership_id: Mapped[int] = mapped_column(ForeignKey("membership.id"))
    under_way: Mapped[bool | None] = mapped_column(default=True)
    state: Mapped[ClaimState] = mapped_column(State(ClaimState))
    broken_since: Mapped[date] = mapped_column(Date)
    broken_until: Mapped[date | None] = mapped_column(Date)
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_by: Mapped[str | None] = mapped_column(String(40))


class PriceChange(Base):
    """A party's price from one of its cycles on; every member is asked, and no answer is no consent.

    `standing` is emptied when it is withdrawn: one change at most stands for a cycle. The plan's catalogue asks
    unless it is `by_host`.
    """

    __tablename__ = "price_change"
    __table_args__ = (
        UniqueConstraint("party_id", "from_cycle_on", "standing"),
        CheckConstraint("new_won > 0", name="price_positive"),
        Base.__table_args__,
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"))
    old_won: Mapped[int] = mapped_column(Won)
    new_won: Mapped[int] = mapped_column(Won)
    from_cycle_on: Mapped[date] = mapped_column(Date)
    standing: Mapped[bool | None] = mapped_column(default=True)
    by_host: Mapped[bool]
    closes_at: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[PriceChangeState] = mapped_column(State(PriceChangeState), index=True)
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    reminded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class PriceConsent(Base):
    """What one member was shown of a new price, in won of their own, and what they said: the proof of their consent."""

    __tablename__ = "price_consent"
    __table_args__ = (UniqueConstraint("change_id", "membership_id"), Base.__table_args__)

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    change_id: Mapped[int] = mapped_column(ForeignKey("price_change.id"))
    membership_id: Mapped[int] = mapped_column(ForeignKey("membership.id"))
    old_won: Mapped[int] = mapped_column(Won)
    new_won: Mapped[int] = mapped_column(Won)
    agreed: Mapped[bool | None]
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class AccessStep(Base):
    """One ticked line of a member's invite checklist."""

    __tablename__ = "access_step"
    __table_args__ = (UniqueConstraint("membership_id", "step"), Base.__table_args__)

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    membership_id: Mapped[int] = mapped_column(ForeignKey("membership.id"))
    step: Mapped[str] = mapped_column(String(24))
    done_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    done_at: Mapped[datetime] = mapped_column(UtcDateTime)
