"""A till over each test's database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from core.clock import ManualClock
from core.db import Database
from tests.till import Till, till_open


@pytest.fixture
async def till(db: Database, clock: ManualClock) -> AsyncIterator[Till]:
    async with till_open(db, clock) as till:
        yield till
