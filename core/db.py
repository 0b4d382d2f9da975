"""The two doors to the database, the columns that mean the same on SQLite and MySQL, the retry of a transaction."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from sqlalchemy import (
    BigInteger,
    BindParameter,
    CursorResult,
    Dialect,
    Engine,
    Executable,
    Integer,
    MetaData,
    String,
    bindparam,
    event,
    make_url,
)
from sqlalchemy import DateTime as SaDateTime
from sqlalchemy.dialects import mysql, sqlite
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator, TypeEngine

from core.sqlite import connect as connect_sqlite

T = TypeVar("T")
P = ParamSpec("P")
MOST_TRIES = 5
TABLE_OPTIONS = {"mysql_charset": "utf8mb4", "mysql_engine": "InnoDB"}
STATE_LENGTH = 24


class Base(DeclarativeBase):
    """Every table of the house; constraints get names, so that a migration can drop them anywhere."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    __table_args__: Any = TABLE_OPTIONS


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: naive values are refused, what comes back is aware and in UTC, to the microsecond."""

    impl = SaDateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(mysql.DATETIME(fsp=6) if dialect.name == "mysql" else SaDateTime())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant without a time zone")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


class ExternalId(TypeDecorator[str]):
    """An id that others made: ASCII, its case and spaces count (MySQL's default collation would fold them)."""

    impl = String
    cache_ok = True

    def __init__(self, length: int = 64) -> None:
        super().__init__(length)

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        length = cast(String, self.impl_instance).length
        if dialect.name == "mysql":
            return dialect.type_descriptor(mysql.VARCHAR(length, charset="ascii", collation="ascii_bin"))
        return dialect.type_descriptor(String(length))


class State(TypeDecorator[StrEnum]):
    """A member of a state enum, kept as its word."""

    impl = String
    cache_ok = True

    def __init__(self, states: type[StrEnum]) -> None:
        super().__init__(STATE_LENGTH)
        self.states = states

    def process_bind_param(self, value: StrEnum | None, dialect: Dialect) -> str | None:
        return None if value is None else str(self.states(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:
        return None if value is None else self.states(value)


# The present, or its place in a statement that is built once and asked often.
Instant = datetime | BindParameter[datetime]
NOW: BindParameter[datetime] = bindparam("now", type_=UtcDateTime())
Id = BigInteger().with_variant(Integer, "sqlite")
Won = BigInteger()


async def changed(session: AsyncSession, statement: Executable) -> int:
    """Execute an UPDATE or DELETE and return how many rows it met: a guarded move that met none lost its race."""
    result = cast(
        "CursorResult[Any]", await session.execute(statement, execution_options={"synchronize_session": "fetch"})
    )
    return result.rowcount


async def put(session: AsyncSession, entity: type[Base], key: Mapping[str, Any], present: Mapping[str, Any]) -> None:
    """Keep `present` in the row with this unique key, in place of what was there.

    One statement that inserts or updates: an insert that fails and then an update deadlock when taps come together.
    """
    row = {**key, **present}
    if session.get_bind().dialect.name == "sqlite":
        upsert = sqlite.insert(entity).values(row)
        await session.execute(upsert.on_conflict_do_update(index_elements=list(key), set_=dict(present)))
    else:
        await session.execute(mysql.insert(entity).values(row).on_duplicate_key_update(dict(present)))


# 1205 lock wait time-out, 1213 deadlock, 1020 record changed (Galera reports conflicts as 1213 at COMMIT). A deadlock
# takes the savepoints with it, so that one inside a savepoint shows as 1305: the savepoint does not exist.
_MYSQL_RETRY = {1205, 1213, 1020, 1305}
_MYSQL_GONE = {2006, 2013, 2014, 1927, 1053, 2003, 1077, 1079, 1080}


def may_repeat(error: BaseException) -> bool:
    """Tell whether the transaction lost a race against another one and may be run again from its start."""
    if not isinstance(error, OperationalError) or error.orig is None:
        return False
    args = error.orig.args
    return bool(args) and (args[0] in _MYSQL_RETRY or "database is locked" in str(args[0]))


def database_away(error: BaseException) -> bool:
    """Tell whether the database could not be reached or went away in the middle."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    if isinstance(error, OperationalError) and error.orig is not None and error.orig.args:
        code = error.orig.args[0]
        return code in _MYSQL_GONE or "unable to open database" in str(code) or "disk I/O error" in str(code)
    return isinstance(error, ConnectionError | TimeoutError | PoolTimeout)


class Database:
    """One database with two doors: `write()` changes rows, `read()` cannot."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.url = make_url(url)
        self.embedded = self.url.get_backend_name() == "sqlite"
        if self.embedded:
            self._writer = _sqlite_engine(url, begin="BEGIN IMMEDIATE", query_only=False)
            self._reader = _sqlite_engine(url, begin="BEGIN", query_only=True)
        else:
            self._writer = self._reader = _mysql_engine(url, pool_size)
        self._write_session = async_sessionmaker(self._writer, expire_on_commit=False)
        self._read_session = async_sessionmaker(self._reader, expire_on_commit=False)
        # One writer at a time inside the process: SQLite's own waiting is unfair (p99 840 ms against 60 ms).
        self._turn = asyncio.Lock() if self.embedded else None

    @property
    def engine(self) -> AsyncEngine:
        """Return the engine behind the write door, for migrations."""
        return self._writer

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """Open a transaction that commits at the end and rolls back on any exception."""
        if self._turn is None:
            async with self._write_session.begin() as session:
                yield session
            return
        async with self._turn, self._write_session.begin() as session:
            yield session

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """Open a transaction that sees one state and never commits."""
        async with self._read_session() as session:
            try:
                yield session
            finally:
                # What was read stays readable: a rollback would empty it.
                session.expunge_all()
                await session.rollback()

    async def transact(
        self, work: Callable[Concatenate[AsyncSession, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `work(session, ...)` in a write transaction, again from its start when it loses a race at any point."""
        for attempt in range(1, MOST_TRIES + 1):
            try:
                async with self.write() as session:
                    return await work(session, *args, **kwargs)
            except OperationalError as error:
                if attempt == MOST_TRIES or not may_repeat(error):
                    raise
                await asyncio.sleep(random.uniform(0.01, 0.05) * attempt)  # noqa: S311 - jitter, not a secret
        raise AssertionError("unreachable")

    async def close(self) -> None:
        """Close every connection; the next use, maybe in another event loop, opens new ones."""
        self._turn = asyncio.Lock() if self.embedded else None
        await self._writer.dispose()
        if self._reader is not self._writer:
            await self._reader.dispose()


def _sqlite_engine(url: str, *, begin: str, query_only: bool) -> AsyncEngine:
    path = make_url(url).database or ""
    # Hidden: what people wrote belongs into no error message.
    engine = create_async_engine(url, hide_parameters=True, async_creator=partial(connect_sqlite, path))

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # the driver's own BEGIN comes too late and is never IMMEDIATE
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        for pragma in ("busy_timeout=10000", "foreign_keys=ON", "synchronous=FULL"):
            cursor.execute(f"PRAGMA {pragma}")
        if query_only:
            cursor.execute("PRAGMA query_only=ON")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def start(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _mysql_engine(url: str, pool_size: int) -> AsyncEngine:
    engine = create_async_engine(
        url,
        hide_parameters=True,
        isolation_level="READ COMMITTED",
        pool_pre_ping=True,
        pool_recycle=1800,
        pool_size=pool_size,
        max_overflow=5,
        pool_timeout=10,
        connect_args={"connect_timeout": 5, "charset": "utf8mb4"},
    )
    _set_strict_mode(engine.sync_engine)
    return engine


def _set_strict_mode(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        cursor = connection.cursor()
        cursor.execute(
            "SET SESSION sql_mode='STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,"
            "NO_ENGINE_SUBSTITUTION', innodb_lock_wait_timeout=5, time_zone='+00:00'"
        )
        cursor.close()
