"""One database for many beginnings: emptied again and again, faster than it could be migrated."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

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
