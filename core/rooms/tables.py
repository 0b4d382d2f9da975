"""A party's room: where it lives, who is in it, which message shows the board, which messages are copies of which."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, Id, State, UtcDateTime


class RoomKind(StrEnum):
    """A relay between private chats, or a Telegram group."""

    RELAY = "relay"
    GROUP = "group"


class Room(Base):
    """The room of a party; it shows the party's `reconciled_version` as of the day `reconciled_on`."""

    __tablename__ = "room"

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"), unique=True)
    kind: Mapped[RoomKind] = mapped_column(State(RoomKind))
    chat_id: Mapped[int | None] = mapped_column(BigInteger)
    reconciled_version: Mapped[int] = mapped_column(default=0)
    reconciled_on: Mapped[date | None] = mapped_column(Date)
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class RoomSeat(Base):
    """A person who may be in a room, and the board message in their chat.

    `board_shows` is the fingerprint of what the board was last asked to show; None: it has to be shown anew.
    """

    __tablename__ = "room_seat"
    __table_args__ = (UniqueConstraint("room_id", "person_id"), Base.__table_args__)

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("room.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    board_message_id: Mapped[int | None] = mapped_column(BigInteger)
    board_shows: Mapped[str | None] = mapped_column(String(64))
    joined_at: Mapped[datetime] = mapped_column(UtcDateTime)


class RoomPresence(Base):
    """Which room a person has entered: their free text goes there and nowhere else."""

    __tablename__ = "room_presence"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("room.id"))
    entered_at: Mapped[datetime] = mapped_column(UtcDateTime)


class RoomMessage(Base):
    """A message that was passed on: only where it stands in whose chat, never what it says."""

    __tablename__ = "room_message"
    __table_args__ = (
        UniqueConstraint("room_id", "origin_id", "person_id"),
        Index("ix_room_message_person_id_message_id", "person_id", "message_id"),
        Base.__table_args__,
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("room.id"))
    origin_id: Mapped[int] = mapped_column(Id)
    author_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    message_id: Mapped[int | None] = mapped_column(BigInteger)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class Evening(Base):
    """The people of a room look for something to watch together; `title_id` is what they picked.

    One at most is under way in a room. `version` moves with every change that its people see.
    """

    __tablename__ = "evening"
    __table_args__ = (UniqueConstraint("room_id", "under_way"), Base.__table_args__)

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("room.id"))
    under_way: Mapped[bool | None] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)
    begun_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    begun_at: Mapped[datetime] = mapped_column(UtcDateTime)
    title_id: Mapped[int | None] = mapped_column(ForeignKey("title.id"))
    ended_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class EveningSeat(Base):
    """A person of the room on such an evening: whether they watch, and which message shows it in their chat.

    `got` is how much the picked title was to them, in thousandths of their own favourite; who got little counts more
    next time. `told_version` is the evening's version of which they were last told; without a `message_id` that
    message is on its way.
    """

    __tablename__ = "evening_seat"
    __table_args__ = (
        UniqueConstraint("evening_id", "person_id"),
        CheckConstraint("got between 0 and 1000", name="got"),
        Base.__table_args__,
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    evening_id: Mapped[int] = mapped_column(ForeignKey("evening.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    watches: Mapped[bool]
    got: Mapped[int | None]
    told_version: Mapped[int | None]
    message_id: Mapped[int | None] = mapped_column(BigInteger)


class Veto(Base):
    """A title that somebody does not want to watch on one evening: it is on nobody's list of that evening."""

    __tablename__ = "veto"
    __table_args__ = (UniqueConstraint("evening_id", "title_id"), Base.__table_args__)

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    evening_id: Mapped[int] = mapped_column(ForeignKey("evening.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    title_id: Mapped[int] = mapped_column(ForeignKey("title.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
