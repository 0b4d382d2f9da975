"""Films and series, what people think of them, and the trained model."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, ExternalId, Id, State, UtcDateTime

SEARCH_TEXT_LENGTH = 1000


class TitleKind(StrEnum):
    """A film or a series."""

    FILM = "film"
    SERIES = "series"


class Title(Base):
    """A film or a series; `search_text` holds its names and people, folded for searching."""

    __tablename__ = "title"

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    kind: Mapped[TitleKind] = mapped_column(State(TitleKind))
    name_ko: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200))
    year: Mapped[int]
    genres: Mapped[list[str]] = mapped_column(JSON)
    country: Mapped[list[str]] = mapped_column(JSON)
    language: Mapped[str] = mapped_column(String(8))
    director: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    cast: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    services: Mapped[list[str]] = mapped_column(JSON)
    certificate: Mapped[str] = mapped_column(String(8))
    vote_tenths: Mapped[int]
    votes: Mapped[int]
    # Folded once by us: the server's collation must neither fold it again nor tell letters apart otherwise.
    search_text: Mapped[str] = mapped_column(
        String(SEARCH_TEXT_LENGTH).with_variant(
            mysql.VARCHAR(SEARCH_TEXT_LENGTH, charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb"
        )
    )
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Rating(Base):
    """What one person thinks of one title, in half stars from 1 to 10."""

    __tablename__ = "rating"
    __table_args__ = (
        UniqueConstraint("person_id", "title_id"),
        CheckConstraint("halves between 1 and 10", name="halves"),
        Base.__table_args__,
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    title_id: Mapped[int] = mapped_column(ForeignKey("title.id"), index=True)
    halves: Mapped[int]
    rated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Mark(StrEnum):
    """Why a person wants a title on no list of theirs any more."""

    NOT_INTERESTED = "not_interested"
    SEEN = "seen"


class SetAside(Base):
    """A title that a person wants on no list: not interested, or seen and not rated."""

    __tablename__ = "set_aside"
    __table_args__ = (UniqueConstraint("person_id", "title_id"), Base.__table_args__)

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    title_id: Mapped[int] = mapped_column(ForeignKey("title.id"))
    mark: Mapped[Mark] = mapped_column(State(Mark))
    marked_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Browsing(Base):
    """How a person looks through recommendations: filters, and what this round (one list, page after page) has shown.

    No services, or None for a kind, a genre or a mood: any.
    """

    __tablename__ = "browsing"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    services: Mapped[list[str]] = mapped_column(JSON, default=list)
    kind: Mapped[TitleKind | None] = mapped_column(State(TitleKind))
    genre: Mapped[str | None] = mapped_column(String(24))
    mood: Mapped[str | None] = mapped_column(String(24))
    round: Mapped[int] = mapped_column(default=0)
    shown: Mapped[list[int]] = mapped_column(JSON, default=list)


class Snapshot(Base):
    """A trained model; usable once `complete`."""

    __tablename__ = "snapshot"

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    checksum: Mapped[str] = mapped_column(ExternalId(64))
    size: Mapped[int]
    ratings: Mapped[int]
    complete: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SnapshotChunk(Base):
    """A piece of a trained model, small enough for any server's packet limit."""

    __tablename__ = "snapshot_chunk"
    __table_args__ = (UniqueConstraint("snapshot_id", "number"), Base.__table_args__)

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    snapshot_id: Mapped[int] = mapped_column(ForeignKey("snapshot.id"))
    number: Mapped[int]
    content: Mapped[bytes] = mapped_column(LargeBinary().with_variant(mysql.MEDIUMBLOB, "mysql", "mariadb"))
