"""The demo's check may be begun at any hour."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.walk import beginning
from core.dates import seoul_date
from core.people import after_quiet
from core.people.tables import QUIET_FROM, QUIET_UNTIL
from tests.conftest import START


@pytest.mark.parametrize("hours", range(24))
def test_the_check_begins_outside_quiet_hours_whenever_it_is_begun(hours: int) -> None:
    now = START + timedelta(hours=hours)

    begins = beginning(now)

    assert seoul_date(begins) == seoul_date(now)
    assert after_quiet(begins, QUIET_FROM, QUIET_UNTIL) == begins
