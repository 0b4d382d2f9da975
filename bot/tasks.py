"""Tasks that are told to stop, and hear it."""

from __future__ import annotations

import asyncio


def heed_cancellation() -> None:
    """Raise CancelledError when the running task was told to stop; for loops that catch errors.

    SQLAlchemy lets a transaction that is under way come to its end first. When that fails, its error arrives in the
    place of the cancellation, and the loop would go on for ever.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
