"""`two export ratings`: ratings in a Parquet file, for training that does not fit on one machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core import titles as core
from core.dates import seoul_date
from core.db import Database

PAGE = 50_000
_EXTRA = ("pyspark", "py4j", "pyarrow")


class SparkRefused(Exception):
    """What was asked of Spark or its files cannot be done; the sentence says what to change."""


@contextmanager
def extra_needed() -> Iterator[None]:
    """Say how to install the extra `spark` where something of it is missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _EXTRA:
            raise
        raise SparkRefused(f"{error.name} is not installed: make setup-spark, or pip install '.[spark]'") from error


async def export_ratings(db: Database, to: Path) -> int:
    """Write all ratings into a new file that nobody but its owner reads; return how many there are.

    Columns: person (counted from 0 within this file: who is whom stands nowhere), title, stars (0.5 to 5) and rated_on
    (the day in Seoul). No more than `PAGE` rows are held at a time. FileExistsError instead of replacing a file; what
    could not be completed is deleted. SparkRefused where the extra is missing.
    """
    with extra_needed():
        import pyarrow as pa
        from pyarrow import parquet

    schema = pa.schema(
        [
            pa.field("person", pa.int32(), nullable=False),
            pa.field("title", pa.int64(), nullable=False),
            pa.field("stars", pa.float32(), nullable=False),
            pa.field("rated_on", pa.date32(), nullable=False),
        ]
    )
    rows, numbers = 0, _Numbers()
    with os.fdopen(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        try:
            with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
                async with db.read() as session:
                    async for page in core.pages_of_ratings(session, PAGE):
                        columns = [
                            [numbers.of(one.person_id) for one in page],
                            [one.title_id for one in page],
                            [one.halves / 2 for one in page],
                            [seoul_date(one.rated_at) for one in page],
                        ]
                        writer.write_table(pa.table(columns, schema))
                        rows += len(page)
        except BaseException:
            os.unlink(to)
            raise
    return rows


class _Numbers:
    """Numbers people from 0 in the order in which they come; remembers the latest one only."""

    def __init__(self) -> None:
        self._number = -1
        self._person: int | None = None

    def of(self, person_id: int) -> int:
        if person_id != self._person:
            self._number, self._person = self._number + 1, person_id
        return self._number
