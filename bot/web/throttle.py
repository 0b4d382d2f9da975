"""So many in a minute and no more, counted in memory: a brake for floods, not a promise across processes."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from datetime import datetime, timedelta

MINUTE = timedelta(minutes=1)
MOST_KEYS = 10_000


class Throttle:
    """Lets each key through `per_minute` times in any sixty seconds."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._seen: dict[Hashable, deque[datetime]] = {}

    def allows(self, key: Hashable, now: datetime) -> bool:
        """Count one more for the key; False when it has had its share of this minute."""
        if key not in self._seen and len(self._seen) >= MOST_KEYS:
            self._forget(now)
        times = self._seen.setdefault(key, deque())
        while times and times[0] <= now - MINUTE:
            times.popleft()
        if len(times) >= self._per_minute:
            return False
        times.append(now)
        return True

    def _forget(self, now: datetime) -> None:
        for key in [key for key, times in self._seen.items() if not times or times[-1] <= now - MINUTE]:
            del self._seen[key]
        while len(self._seen) >= MOST_KEYS:
            del self._seen[next(iter(self._seen))]
