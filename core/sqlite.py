"""SQLite's connection, in a thread of its own, with one way there and back for a statement instead of four."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

import aiosqlite


@dataclass(frozen=True)
class _Done:
    """What a statement led to."""

    description: Any = None
    rowcount: int = -1
    lastrowid: int | None = None


class Cursor:
    """A cursor as SQLAlchemy uses one: a statement is executed, all its rows are fetched, and it is over."""

    arraysize = 1

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._done = _Done()
        self._rows: list[Any] = []

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, sql: str, parameters: Iterable[Any] = ()) -> Self:
        """Execute a statement and fetch what it returns."""
        return await self._run(sqlite3.Cursor.execute, sql, parameters)

    async def executemany(self, sql: str, parameters: Iterable[Iterable[Any]]) -> Self:
        """Execute a statement once for each of the parameters."""
        return await self._run(sqlite3.Cursor.executemany, sql, parameters)

    async def _run(self, execute: Any, *args: Any) -> Self:
        def work(connection: sqlite3.Connection) -> tuple[_Done, list[Any]]:
            cursor = connection.cursor()
            try:
                execute(cursor, *args)
                rows = cursor.fetchall() if cursor.description else []
                return _Done(cursor.description, cursor.rowcount, cursor.lastrowid), rows
            finally:
                cursor.close()

        self._done, self._rows = await self._connection.work(work)
        return self

    async def fetchall(self) -> list[Any]:
        """Return the rows once."""
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        """Do nothing: the statement was over when its rows were there."""

    @property
    def description(self) -> Any:
        """Return the columns, None where there are none."""
        return self._done.description

    @property
    def rowcount(self) -> int:
        """Return how many rows were changed."""
        return self._done.rowcount

    @property
    def lastrowid(self) -> int | None:
        """Return the id of the row that was inserted last."""
        return self._done.lastrowid


class Connection(aiosqlite.Connection):
    """aiosqlite's connection with the cursors above; its own go to the thread for each step of a statement."""

    def cursor(self) -> Cursor:  # type: ignore[override]  # SQLAlchemy asks no more of a cursor than ours does
        """Return a new cursor."""
        return Cursor(self)

    async def work(self, function: Any) -> Any:
        """Run `function(connection)` in the connection's thread."""
        execute: Any = self._execute  # aiosqlite does not say what it takes
        return await execute(function, self._conn)


async def connect(path: str) -> Connection:
    """Open a database file."""
    connection = Connection(lambda: sqlite3.connect(path), iter_chunk_size=1)
    connection._thread.daemon = True  # as SQLAlchemy does: a forgotten connection must not keep the process alive
    await connection
    return connection
