"""Tills, and databases that outlive whoever uses them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from core.clock import ManualClock
from core.db import Database
from tests import mariadb
from tests.conftest import OUTSIDE_MYSQL, mysql_url
from tests.faults.fresh import Fresh
from tests.till import Till, till_open


@pytest.fixture
def server() -> Iterator[mariadb.PrivateMariaDB]:
    """Start a MariaDB of this test's own, on a disk, as in production."""
    if not mariadb.available():
        pytest.skip("no mariadbd on this machine")
    with mariadb.PrivateMariaDB(durable=True) as server:
        yield server


@pytest.fixture
def lasting_url(db_kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """Return the address of a database that survives the death of whoever uses it; nothing is in it yet."""
    if db_kind == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path / 'two.sqlite3'}"
    elif OUTSIDE_MYSQL:
        with mysql_url(f"two_faults_{os.getpid()}") as url:
            yield url
    else:
        yield request.getfixturevalue("server").create_database("two")


@pytest.fixture
async def till(db: Database, clock: ManualClock) -> AsyncIterator[Till]:
    async with till_open(db, clock) as till:
        yield till


@pytest.fixture
def fresh(db_kind: str, db_url: str, request: pytest.FixtureRequest) -> Iterator[Fresh]:
    """Return a database that can be emptied as often as wanted, in whichever event loop."""
    template = request.getfixturevalue("sqlite_template") if db_kind == "sqlite" else None
    fresh = Fresh(Database(db_url), template)
    yield fresh
    asyncio.run(fresh.leave())
