"""What is measured, the stopwatch, and how the result is shown."""

from __future__ import annotations

import asyncio
import json
import math
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import TypeVar

from rich.table import Column, Table

from core.db import Database

T = TypeVar("T")


@dataclass(frozen=True)
class Sizes:
    """How much is measured."""

    taps: int = 600
    at_once: int = 16
    lists: int = 200
    ledger_rows: int = 20_000
    audits: int = 5


@dataclass(frozen=True)
class Measured:
    """How long one thing took, in milliseconds, over so many times.

    `cpu_ms` is this process's share of a core for one of them, which a busy machine does not blur; `per_second` counts
    all hands together.
    """

    database: str
    what: str
    times: int
    median_ms: float
    p99_ms: float
    cpu_ms: float
    per_second: float


async def measured(
    db: Database, what: str, things: Sequence[T], work: Callable[[T], Awaitable[None]], *, hands: int = 1
) -> Measured:
    """Do `work` for each of the things, with so many hands at once, and say how long each took."""
    left, took = iter(things), list[float]()

    async def hand() -> None:
        for thing in left:
            begun = time.perf_counter()
            await work(thing)
            took.append((time.perf_counter() - begun) * 1000)

    begun, busy = time.perf_counter(), time.process_time()
    await asyncio.gather(*(hand() for _ in range(hands)))
    seconds, cpu = time.perf_counter() - begun, time.process_time() - busy
    took.sort()
    return Measured(
        database=_name(db),
        what=what,
        times=len(took),
        median_ms=median(took),
        p99_ms=took[math.ceil(len(took) * 0.99) - 1],
        cpu_ms=cpu * 1000 / len(took),
        per_second=len(took) / seconds,
    )


def _name(db: Database) -> str:
    if db.embedded:
        return "SQLite"
    return "MariaDB" if getattr(db.engine.dialect, "is_mariadb", False) else "MySQL"


def as_table(rows: Sequence[Measured]) -> Table:
    """Return what was measured as a table for people."""
    numbers = ("times", "median", "p99", "cpu", "per s")
    table = Table("database", Column("what", no_wrap=True), *(Column(name, justify="right") for name in numbers))
    table.caption = "median, p99 and cpu in milliseconds"
    for row in rows:
        spans = (f"{span:.1f}" for span in (row.median_ms, row.p99_ms, row.cpu_ms))
        table.add_row(row.database, row.what, str(row.times), *spans, f"{row.per_second:.0f}")
    return table


def as_json(rows: Sequence[Measured]) -> str:
    """Return what was measured as JSON, with the number of cores that were there."""
    return json.dumps({"cores": os.cpu_count(), "measured": [asdict(row) for row in rows]}, indent=2)
