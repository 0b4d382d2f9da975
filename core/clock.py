"""What time it is, as a parameter: nothing else in the house asks the machine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Anything that knows the present instant."""

    def now(self) -> datetime:
        """Return the present instant, aware and in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class ManualClock:
    """A clock that runs with the machine's, shifted by as much as it was moved; for the demo and tests."""

    def __init__(self, start: datetime | None = None, *, running: bool = True) -> None:
        self._running = running
        self._origin = datetime.now(UTC)
        self._start = start or self._origin

    def now(self) -> datetime:
        return self._start + (datetime.now(UTC) - self._origin if self._running else timedelta())

    def move_to(self, instant: datetime) -> None:
        """Make `instant` the present; going back is refused."""
        if instant < self.now():
            raise ValueError("a clock does not run backwards")
        self._start, self._origin = instant, datetime.now(UTC)

    def move_on(self, instant: datetime) -> None:
        """Make `instant` the present unless it has passed already."""
        self._start, self._origin = max(instant, self.now()), datetime.now(UTC)
