"""A counter over each test's database, and the browser."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from core.clock import ManualClock
from core.db import Database
from tests.bot.web.counter import Counter, counter_open
from tests.browser import browser, chromium, open_page
from tests.till import till_open

__all__ = ["browser", "chromium", "counter", "open_page"]


@pytest.fixture
async def counter(db: Database, clock: ManualClock) -> AsyncIterator[Counter]:
    async with till_open(db, clock) as till, counter_open(till) as counter:
        yield counter
