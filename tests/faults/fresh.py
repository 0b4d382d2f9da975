"""One database for many beginnings: emptied again and again, faster than it could be migrated."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiosqlite
import pytest

from core.db import Database
from tests.conftest import empty


@dataclass(frozen=True)
class Fresh:
    """A database and, for SQLite, the migrated file that it begins as."""

    db: Database
    template: Path | None

    async def anew(self) -> Database:
        """Return the database, empty."""
        await self.db.close()
        if self.template is None:
            await empty(self.db)
        else:
            path = Path(str(self.db.url.database))
            for leftover in (path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
                leftover.unlink(missing_ok=True)
            shutil.copy(self.template, path)
        return self.db

    async def leave(self) -> None:
        """Leave the database to the next test as it was found: empty."""
        if self.template is None:
            await empty(self.db)
        await self.db.close()


class _AtOnce:
    """What a connection of aiosqlite hands to its thread, done where it is handed over; the thread ends at once."""

    def put_nowait(self, work: tuple[asyncio.Future[Any] | None, Callable[[], Any]]) -> None:
        future, function = work
        try:
            result = function()
        except BaseException as error:
            if future is None:
                raise
            future.set_exception(error)
        else:
            if future is not None:
                future.set_result(result)

    def get(self) -> tuple[None, Callable[[], object]]:
        return None, lambda: aiosqlite.core._STOP_RUNNING_SENTINEL


@contextmanager
def without_threads() -> Iterator[None]:
    """Let SQLite execute each statement on the loop's own thread.

    A machine's steps come one after another and wait for nobody, so handing every statement to the connection's thread
    and back is a good part of their time.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(aiosqlite.core, "SimpleQueue", _AtOnce)
        yield
