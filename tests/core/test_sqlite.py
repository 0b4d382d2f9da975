"""SQLite's own connection does what the driver's does, in one trip to its thread for each statement."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from core.sqlite import Connection, connect


class Counted:
    """A connection and the number of trips to its thread."""

    def __init__(self, connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
        self.connection = connection
        self.trips = 0
        really: Any = connection._execute

        async def counted(*args: object, **kwargs: object) -> object:
            self.trips += 1
            return await really(*args, **kwargs)

        monkeypatch.setattr(connection, "_execute", counted)


@pytest.fixture
async def counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Counted]:
    connection = await connect(str(tmp_path / "one.sqlite3"))
    yield Counted(connection, monkeypatch)
    await connection.close()
    connection._thread.join(timeout=10)  # it answers that all is closed, and ends a moment later
    assert not connection._thread.is_alive()


async def test_a_statement_and_its_rows_are_one_trip(counted: Counted) -> None:
    cursor = counted.connection.cursor()
    await cursor.execute("create table seat (id integer primary key, name text unique)")
    await cursor.executemany("insert into seat (name) values (?)", [("하나",), ("둘",)])
    assert cursor.rowcount == 2
    await cursor.execute("insert into seat (name) values (?)", ("셋",))
    assert (cursor.lastrowid, cursor.rowcount, cursor.description) == (3, 1, None)
    await cursor.execute("update seat set name = name || '!' where id > ? returning id", (1,))
    assert cursor.rowcount == 2
    assert [await cursor.fetchall(), await cursor.fetchall()] == [[(2,), (3,)], []]
    await cursor.execute("select id, name from seat order by id")
    assert [column[0] for column in cursor.description] == ["id", "name"]
    assert await cursor.fetchall() == [(1, "하나"), (2, "둘!"), (3, "셋!")]

    assert counted.trips == 5


async def test_a_refused_statement_raises_the_drivers_error_and_the_next_one_works(counted: Counted) -> None:
    cursor = counted.connection.cursor()
    await cursor.execute("create table seat (name text unique)")
    await cursor.execute("insert into seat values ('하나')")
    with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
        await cursor.execute("insert into seat values ('하나')")

    await cursor.execute("select count(*) from seat")
    assert await cursor.fetchall() == [(1,)]


async def test_a_file_that_cannot_be_opened_says_so_and_leaves_no_thread(tmp_path: Path) -> None:
    before = set(threading.enumerate())

    with pytest.raises(sqlite3.OperationalError, match="unable to open"):
        await connect(str(tmp_path / "nowhere" / "one.sqlite3"))

    for thread in set(threading.enumerate()) - before:
        thread.join(timeout=10)
        assert not thread.is_alive()
