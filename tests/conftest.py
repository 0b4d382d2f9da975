"""Databases, clocks and builders that the tests share."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import httpx
import httpx._transports.default as httpx_transports
import pytest
from alembic import command
from sqlalchemy import exists, literal, select, text, union_all

import migrations
from core import audit
from core.clock import ManualClock
from core.db import Database
from core.tables import METADATA
from tests import mariadb

pytest_plugins = ["tests.promises"]
IN_CI = os.environ.get("CI") == "true"
OUTSIDE_MYSQL = os.environ.get("TEST_MYSQL_URL")  # a server whose user may create databases, e.g. MySQL 8.4 in CI
HAS_MYSQL = bool(OUTSIDE_MYSQL) or mariadb.available()
START = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)  # noon in Seoul, a Monday


def pytest_configure(config: pytest.Config) -> None:
    """Put temporary folders into memory where there is some: what tests write need not survive a power cut."""
    memory = Path("/dev/shm")
    if memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 2**30:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(memory))


def pytest_report_header(config: pytest.Config) -> str:
    """Say which databases the run covers."""
    other = "MySQL (outside server)" if OUTSIDE_MYSQL else "MariaDB (private)"
    return f"databases: SQLite{f', {other}' if HAS_MYSQL else ' only: no mariadbd on this machine'}"


# Begun first, so that no worker is left alone at the end with what takes longest.
LONGEST = {"test_packaging.py", "e2e", "faults"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first; without a server the MariaDB half of a test skips, but never in CI."""
    items.sort(key=lambda item: LONGEST.isdisjoint(item.path.parts))
    if HAS_MYSQL or IN_CI:
        return
    for item in items:
        params = getattr(getattr(item, "callspec", None), "params", {})
        if any(str(value).startswith("mariadb") for value in params.values()):
            item.add_marker(pytest.mark.skip(reason="no mariadbd on this machine"))


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a migrated, empty SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "two.sqlite3"
    command.upgrade(migrations.config(f"sqlite+aiosqlite:///{path}"), "head")
    return path


@contextmanager
def mysql_url(name: str) -> Iterator[str]:
    """Give the address of an empty database on the private (or the outside) server."""
    if OUTSIDE_MYSQL:
        import pymysql
        from sqlalchemy import make_url

        server = make_url(OUTSIDE_MYSQL)
        connection = pymysql.connect(
            host=server.host, port=server.port or 3306, user=server.username, password=server.password or ""
        )
        with connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
            yield server.set(database=name).render_as_string(hide_password=False)
            cursor.execute(f"DROP DATABASE {name}")
        return
    if not mariadb.available():
        pytest.fail("CI needs a mariadbd")
    with mariadb.PrivateMariaDB() as server_:
        yield server_.create_database(name)


@pytest.fixture(scope="session")
def mariadb_url(worker_id: str) -> Iterator[str]:
    """Return a migrated MariaDB database of this worker's own."""
    with mysql_url(f"two_test_{worker_id}") as url:
        command.upgrade(migrations.config(url), "head")
        yield url


@pytest.fixture(params=["sqlite", "mariadb"])
def db_kind(request: pytest.FixtureRequest) -> str:
    """Name the database that the test runs on; each test that touches one runs on both."""
    return str(request.param)


@pytest.fixture(scope="session")
def worker_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder in which this worker's SQLite file lies, a fresh copy for each test."""
    return tmp_path_factory.mktemp("sqlite")


@pytest.fixture
def db_url(db_kind: str, request: pytest.FixtureRequest, worker_folder: Path) -> str:
    """Return the address of a migrated, empty database."""
    if db_kind == "mariadb":
        return str(request.getfixturevalue("mariadb_url"))
    path = worker_folder / "two.sqlite3"
    for leftover in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
        leftover.unlink(missing_ok=True)
    shutil.copy(request.getfixturevalue("sqlite_template"), path)
    return f"sqlite+aiosqlite:///{path}"


@cache
def shared_database(url: str) -> Database:
    """Return the worker's database at an address, closed or not.

    An engine compiles each statement once; a new one for every test would do little else. So those of the same address
    share theirs, with fresh connections for each test's event loop.
    """
    return Database(url)


@pytest.fixture(scope="session", autouse=True)
def one_reading_of_certificates() -> Iterator[None]:
    """Let every HTTP client of the worker trust the same certificates: reading them takes longer than most tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(httpx_transports, "create_ssl_context", cache(httpx.create_ssl_context))
        yield


@pytest.fixture
async def db(db_url: str) -> AsyncIterator[Database]:
    """Open the database; at the end every invariant of the business must hold."""
    database = shared_database(db_url)
    yield database
    async with database.read() as session:
        violations = await audit.check(session)
    if not database.embedded:
        await empty(database)
    await database.close()
    assert violations == []


async def empty(db: Database) -> None:
    """Delete every row, whatever points at it."""
    tables = METADATA.sorted_tables
    filled = union_all(*(select(literal(table.name)).where(exists(select(1).select_from(table))) for table in tables))
    async with db.write() as session:
        names = set(await session.scalars(filled))
        await session.execute(text("SET FOREIGN_KEY_CHECKS=0"))
        for table in tables:
            if table.name in names:
                await session.execute(table.delete())
        await session.execute(text("SET FOREIGN_KEY_CHECKS=1"))


@pytest.fixture
def clock() -> ManualClock:
    """Return a clock that stands still until the test moves it."""
    return ManualClock(START, running=False)
