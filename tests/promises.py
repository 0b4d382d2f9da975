"""One frame for promises under fault: their sizes, their seed, and one row for each in a table at the end.

A promise is a test with a mark and a fixture:

    @pytest.mark.faults("a notice counts once")
    async def test_...(till: Till, promise: Promise) -> None:
        for _ in range(promise.size(small=2, full=20)):
            ...
            promise.tried += 1
            promise.doubled += charges - 1

It breaks when an assertion of the test fails, or when anything was lost, doubled or wrong at its end. `make test` runs
each at its small size (no FAULTS_SCALE), `make faults` at its full one (1), `make faults-long` at ten times that (10).
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from dataclasses import astuple, dataclass, field, fields

import pytest

SCALE = int(os.environ.get("FAULTS_SCALE", "0"))
SMALL_SEED = 20261123
SECONDS = 900
_KEY = "promise"


@dataclass
class Row:
    """What one promise went through."""

    promise: str
    database: str = "-"
    tried: int = 0
    lost: int = 0
    doubled: int = 0
    wrong: int = 0
    seconds: float = 0.0
    seed: int = 0
    note: str = ""


@dataclass
class Promise(Row):
    """A row that is being filled, with the size and the randomness of its test."""

    rng: random.Random = field(default_factory=random.Random)

    def size(self, *, small: int, full: int) -> int:
        """Return how often to try: little in `make test`, the promised number in `make faults`."""
        return full * SCALE if SCALE else small

    def row(self) -> Row:
        """Return what is reported."""
        return Row(*(getattr(self, each.name) for each in fields(Row)))

    @property
    def broken(self) -> bool:
        """Tell whether anything happened that must not."""
        return bool(self.lost or self.doubled or self.wrong)


@pytest.fixture
def promise(request: pytest.FixtureRequest) -> Iterator[Promise]:
    """Take what becomes of this test's promise; its row is printed however the test ends."""
    mark = request.node.get_closest_marker("faults")
    assert mark is not None and mark.args, "name the promise: @pytest.mark.faults('a notice counts once')"
    seed = int(os.environ["FAULTS_SEED"])
    parameters = request.node.callspec.params if hasattr(request.node, "callspec") else {}
    promise = Promise(mark.args[0], parameters.get("db_kind", "-"), seed=seed, rng=random.Random(seed))
    began = time.monotonic()
    yield promise
    promise.seconds = promise.seconds or time.monotonic() - began
    request.node.user_properties.append((_KEY, astuple(promise.row())))
    assert not promise.broken, promise.row()


def pytest_configure(config: pytest.Config) -> None:
    """Choose the run's seed, once for all its workers: a new one to search by, always the same one for small sizes."""
    os.environ.setdefault("FAULTS_SEED", str(time.time_ns() % 1_000_000 if SCALE else SMALL_SEED))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give promises the time they need: what breaks one is a lost or doubled row, never a slow machine."""
    for item in items:
        if item.get_closest_marker("faults"):
            item.add_marker(pytest.mark.timeout(SECONDS * max(1, 4 * SCALE)), append=False)


def pytest_report_header(config: pytest.Config) -> str:
    """Say how large the promises are tried, and how to repeat a run."""
    return f"promises: FAULTS_SCALE={SCALE} FAULTS_SEED={os.environ['FAULTS_SEED']}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print one row a promise and database."""
    reports = [report for reports in terminalreporter.stats.values() for report in reports]
    # Each phase of a test carries its rows.
    rows = {tuple(value) for one in reports for key, value in getattr(one, "user_properties", ()) if key == _KEY}
    if rows:
        terminalreporter.section("promises")
        for line in table([Row(*row) for row in sorted(rows)]):
            terminalreporter.line(line)


def table(rows: list[Row]) -> list[str]:
    """Return rows as lines of aligned columns, the names of the columns first."""
    cells = [[each.name for each in fields(Row)]]
    for row in rows:
        *before, seconds, seed, note = astuple(row)
        cells.append([*map(str, before), f"{seconds:.1f}", str(seed), note])
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    words = (0, 1, len(widths) - 1)
    return [
        "  ".join(
            cell.ljust(width) if column in words else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in cells
    ]
