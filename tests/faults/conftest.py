"""Promises under fault: each test reports one row, and the run ends with all of them in a table."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import pytest

from tests import mariadb
from tests.conftest import OUTSIDE_MYSQL, mysql_url


@dataclass
class Row:
    """What one promise went through."""

    promise: str
    tried: int = 0
    lost: int = 0
    doubled: int = 0
    wrong: int = 0
    seconds: float = 0.0
    seed: int = 0


_KEY = "promise"
ReportRow = Callable[[Row], Row]


@pytest.fixture
def scale() -> int:
    """Return how many times as long as in `make test` the faults last (FAULTS_SCALE)."""
    return int(os.environ.get("FAULTS_SCALE", "1"))


@pytest.fixture
def seed() -> int:
    """Return the seed of what is random (FAULTS_SEED repeats a run)."""
    return int(os.environ.get("FAULTS_SEED", "0")) or time.time_ns() % 1_000_000


@pytest.fixture
def report_row(request: pytest.FixtureRequest) -> Iterator[ReportRow]:
    """Take the row of this test's promise; it is printed however the test ends."""
    began = time.monotonic()
    rows: list[Row] = []

    def report(row: Row) -> Row:
        rows.append(row)
        return row

    yield report
    for row in rows:
        row.seconds = row.seconds or time.monotonic() - began
        request.node.user_properties.append((_KEY, astuple(row)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print one row a promise."""
    reports = [report for reports in terminalreporter.stats.values() for report in reports]
    rows = [Row(*value) for one in reports for key, value in getattr(one, "user_properties", ()) if key == _KEY]
    # Each phase of a test carries its rows.
    unique = {row.promise: row for row in rows}
    if not unique:
        return
    names = [field.name for field in fields(Row)]
    width = max(len(promise) for promise in (*unique, names[0]))
    terminalreporter.section("promises under fault")
    terminalreporter.line(names[0].ljust(width) + "".join(name.rjust(9) for name in names[1:]))
    for row in unique.values():
        promise, *numbers, seconds, seed = astuple(row)
        cells = [*map(str, numbers), f"{seconds:.1f}", str(seed)]
        terminalreporter.line(promise.ljust(width) + "".join(cell.rjust(9) for cell in cells))


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


__all__ = ["ReportRow", "Row"]
