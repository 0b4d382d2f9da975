"""A bell that wakes whoever waits for something to change."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Bell:
    """Rung on every change; waiting never misses a ring between the look and the wait."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self.closed = False

    def ring(self) -> None:
        """Wake everybody."""
        self._event.set()
        self._event = asyncio.Event()

    def close(self) -> None:
        """Wake everybody for good."""
        self.closed = True
        self.ring()

    async def until(self, condition: Callable[[], bool], timeout: float) -> bool:
        """Wait until the condition holds, the time has passed or the bell is closed; return whether it holds."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        while not (met := condition()) and not self.closed:
            left = deadline - loop.time()
            if left <= 0:
                break
            event = self._event
            try:
                await asyncio.wait_for(event.wait(), left)
            except TimeoutError:
                return condition()
        return met or condition()
