"""Breaking the books by hand, for a moment: what does the audit say?"""

from __future__ import annotations

from contextlib import suppress

from sqlalchemy import Executable

from core import audit
from core.db import Database


class _TakenBack(Exception):
    """The end of a transaction of which nothing is to stay."""


async def found_after(db: Database, *statements: Executable) -> set[str]:
    """Return the questions that find something once these statements have run; nothing of them stays."""
    names: set[str] = set()
    with suppress(_TakenBack):
        async with db.write() as session:
            for statement in statements:
                await session.execute(statement)
            names = {one.name for one in await audit.check(session)}
            raise _TakenBack
    return names
