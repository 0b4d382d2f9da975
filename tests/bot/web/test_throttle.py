"""The brake for floods: a share a minute for each key, and no more memory than for so many keys."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.web import throttle
from bot.web.throttle import Throttle

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_each_key_has_its_share_of_any_sixty_seconds() -> None:
    brake = Throttle(2)

    assert [brake.allows("a", NOW + timedelta(seconds=s)) for s in (0, 30, 59, 60, 61)] == [
        True, True, False, True, False,
    ]  # fmt: skip
    assert brake.allows("b", NOW)


def test_a_flood_of_keys_is_forgotten_the_oldest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "MOST_KEYS", 3)
    brake = Throttle(1)

    for number in range(50):
        assert brake.allows(number, NOW)

    assert len(brake._seen) == 3
    assert not brake.allows(49, NOW)
    assert brake.allows(0, NOW)
